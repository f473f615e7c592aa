package workload

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// accelerators are how the names of devices that compute models begin, behind the vendor's domain: nvidia.com/gpu and
// nvidia.com/mig-1g.5gb, google.com/tpu, aws.amazon.com/neuron, habana.ai/gaudi, huawei.com/Ascend910, gpu.intel.com/xe
// (https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/ and the device plugins of the vendors).
var accelerators = [...]string{"gpu", "tpu", "mig-", "vgpu", "neuron", "gaudi", "npu", "ascend", "mlu", "dcu", "i915", "xe"}

// isAccelerator reports whether a resource is a GPU or another device that computes models.
func isAccelerator(name string) bool {
	domain, device, found := strings.Cut(strings.ToLower(name), "/")
	return found && (strings.HasPrefix(domain, "gpu.") || slices.ContainsFunc(accelerators[:], func(prefix string) bool {
		return strings.HasPrefix(device, prefix)
	}))
}

// UnmarshalJSON reads core/v1 ResourceList, for decoders that know no UnmarshalJSONFrom.
func (l *Limits) UnmarshalJSON(text []byte) error {
	return l.UnmarshalJSONFrom(jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)))
}

// UnmarshalJSONFrom reads what matters of core/v1 ResourceList and keeps nothing else. What is no list has nothing in it:
// the API server has the last word on what a Pod may hold.
func (l *Limits) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*l = Limits{}
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		amount := strings.Trim(string(value), `"`)
		switch {
		case key == "cpu" && amount != "null":
			l.CPU = amount
		case isAccelerator(key):
			l.Accelerator = l.Accelerator || (amount != "0" && amount != "null")
		}
	}
	_, err := d.ReadToken()
	return err
}
