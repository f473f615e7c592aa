package annotation_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
)

func TestEveryFormOfAHandlerIsRead(t *testing.T) {
	number := func(n int32) probe.Port { return probe.Port{Number: n} }
	rows := map[string]probe.Handler{
		"/livez":                        {Scheme: probe.HTTP, Path: "/livez"},
		"/":                             {Scheme: probe.HTTP, Path: "/"},
		"/health?full=true&x=%20":       {Scheme: probe.HTTP, Path: "/health?full=true&x=%20"},
		"http:8080/livez":               {Scheme: probe.HTTP, Port: number(8080), Path: "/livez"},
		"http:web/livez":                {Scheme: probe.HTTP, Port: probe.Port{Name: "web"}, Path: "/livez"},
		"http://:8080/livez":            {Scheme: probe.HTTP, Port: number(8080), Path: "/livez"},
		"https:8443/livez":              {Scheme: probe.HTTPS, Port: number(8443), Path: "/livez"},
		"tcp:5432":                      {Scheme: probe.TCP, Port: number(5432)},
		"tcp:pg":                        {Scheme: probe.TCP, Port: probe.Port{Name: "pg"}},
		"grpc:9000":                     {Scheme: probe.GRPC, Port: number(9000)},
		"grpc:9000/shop.v1.Cart":        {Scheme: probe.GRPC, Port: number(9000), Service: "shop.v1.Cart"},
		"grpc:rpc/liveness":             {Scheme: probe.GRPC, Port: probe.Port{Name: "rpc"}, Service: "liveness"},
		"http:80/actuator/health/ready": {Scheme: probe.HTTP, Port: number(80), Path: "/actuator/health/ready"},
	}
	for value, want := range rows {
		t.Run(value, func(t *testing.T) {
			got, err := annotation.ParseHandler(value)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != want.String() || got.Path != want.Path || got.Port != want.Port || got.Service != want.Service {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestDurationsAreWholeSeconds(t *testing.T) {
	rows := map[string]int32{"300": 300, "300s": 300, "5m": 300, "0h5m": 300, "300000ms": 300, "1h": 3600}
	for value, want := range rows {
		t.Run(value, func(t *testing.T) {
			entries := annotation.Parse(map[string]string{"probe-injector.dev/startup-budget": value}, annotation.Limits{MaxStartupBudget: 3600})
			if entries[0].Err != nil || entries[0].Number != want {
				t.Errorf("got %d, %v", entries[0].Number, entries[0].Err)
			}
		})
	}
}

func TestKeysOfOursAreRecognised(t *testing.T) {
	rows := map[string]struct{ ours, asks bool }{
		"probe-injector.dev/liveness":         {true, true},
		"probe-injector.dev/status":           {true, false},
		"web.probe-injector.dev/liveness":     {true, true},
		"web.probe-injector.dev/status":       {true, true},
		"probe-injector.dev/":                 {true, true},
		"probe-injector.dev":                  {false, false},
		"probe-injector.devel/liveness":       {false, false},
		"notprobe-injector.dev/liveness":      {false, false},
		"example.com/probe-injector.dev":      {false, false},
		"kubectl.kubernetes.io/something":     {false, false},
		"web.probe-injector.dev.org/liveness": {false, false},
	}
	for key, want := range rows {
		t.Run(key, func(t *testing.T) {
			if got := annotation.IsOurs(key); got != want.ours {
				t.Errorf("ours: %v", got)
			}
			if got := annotation.Asks(key); got != want.asks {
				t.Errorf("asks: %v", got)
			}
		})
	}
}

func TestAnEmptyValueIsAMistake(t *testing.T) {
	for _, key := range []string{"probe-injector.dev/liveness", "probe-injector.dev/inject", "web.probe-injector.dev/startup-budget"} {
		got := annotation.Parse(map[string]string{key: ""}, annotation.Limits{})
		if len(got) != 1 || got[0].Err == nil || !strings.Contains(got[0].Err.Detail, "is empty: write a value, or remove the key") {
			t.Errorf("%s: got %+v", key, got)
		}
	}
}

func TestTooManyKeysAreOneMistake(t *testing.T) {
	annotations := map[string]string{}
	for i := range annotation.MaxKeys + 1 {
		annotations["c"+string(rune('a'+i%26))+string(rune('a'+i/26%26))+".probe-injector.dev/liveness"] = "/x"
	}
	got := annotation.Parse(annotations, annotation.Limits{})
	if len(annotations) <= annotation.MaxKeys || len(got) != 1 || got[0].Err == nil {
		t.Errorf("%d keys give %d entries", len(annotations), len(got))
	}
}

func TestALongValueIsAMistake(t *testing.T) {
	value := "/" + string(make([]byte, annotation.MaxValueLength))
	got := annotation.Parse(map[string]string{"probe-injector.dev/liveness": value}, annotation.Limits{})
	if got[0].Err == nil || len(got[0].Err.Error()) > 300 {
		t.Errorf("got %v", got[0].Err)
	}
}

// Every word of the reference is read with its own example, so that what is taught is right.
func TestTheReferenceIsRight(t *testing.T) {
	for _, d := range annotation.Reference() {
		t.Run(string(d.Word), func(t *testing.T) {
			value := d.Example
			if value[0] == '"' {
				value = value[1 : len(value)-1]
			}
			got := annotation.Parse(map[string]string{annotation.Key("", string(d.Word)): value}, annotation.Limits{MaxStartupBudget: 3600})
			if len(got) != 1 || got[0].Err != nil || got[0].Word != d.Word {
				t.Errorf("got %+v", got)
			}
		})
	}
}
