package workload_test

import (
	"encoding/json"
	"testing"

	"github.com/probe-injector/probe-injector/policy/workload"
)

func TestLimitsTellOfAcceleratorsAndKeepTheCPU(t *testing.T) {
	for text, want := range map[string]workload.Limits{
		`{"cpu":"2","memory":"1Gi"}`:         {CPU: "2"},
		`{"cpu":2}`:                          {CPU: "2"},
		`{"nvidia.com/gpu":"1","cpu":"4"}`:   {CPU: "4", Accelerator: true},
		`{"nvidia.com/gpu":1}`:               {Accelerator: true},
		`{"nvidia.com/gpu":"0"}`:             {},
		`{"nvidia.com/mig-1g.5gb":"1"}`:      {Accelerator: true},
		`{"google.com/tpu":"4"}`:             {Accelerator: true},
		`{"aws.amazon.com/neuroncore":"2"}`:  {Accelerator: true},
		`{"habana.ai/gaudi":"1"}`:            {Accelerator: true},
		`{"gpu.intel.com/i915":"1"}`:         {Accelerator: true},
		`{"huawei.com/Ascend910":"1"}`:       {Accelerator: true},
		`{"ephemeral-storage":"1Gi"}`:        {},
		`{"hugepages-2Mi":"1Gi","cpu":null}`: {},
		`null`:                               {},
		`[]`:                                 {},
	} {
		var got struct{ Limits workload.Limits }
		if err := json.Unmarshal([]byte(`{"limits":`+text+`}`), &got); err != nil || got.Limits != want {
			t.Errorf("%s is %+v %v, want %+v", text, got.Limits, err, want)
		}
	}
}
