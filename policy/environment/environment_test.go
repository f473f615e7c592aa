package environment_test

import (
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/environment"
)

func read(t *testing.T, list string) environment.Variables {
	t.Helper()
	var holder struct {
		Env environment.Variables `json:"env"`
	}
	if err := json.Unmarshal([]byte(`{"env":`+list+`}`), &holder); err != nil {
		t.Fatal(err)
	}
	return holder.Env
}

func TestValuesAreReadOnlyOfVariablesWhoseValueMatters(t *testing.T) {
	text, err := json.Marshal([]corev1.EnvVar{
		{Name: "SERVER_PORT", Value: "9000"},
		{Name: "SPRING_DATASOURCE_PASSWORD", Value: "secret"},
		{Name: "PASSWORD", Value: "secret"},
	})
	if err != nil {
		t.Fatal(err)
	}
	v := read(t, string(text))
	if port, ok := v.Value("SERVER_PORT"); port != "9000" || !ok {
		t.Errorf("SERVER_PORT is %q %v", port, ok)
	}
	if value, ok := v.Value("SPRING_DATASOURCE_PASSWORD"); value != "" || ok || !v.Has("SPRING_*") {
		t.Errorf("SPRING_DATASOURCE_PASSWORD is %q %v, present: %v", value, ok, v.Has("SPRING_*"))
	}
	if v.Has("PASSWORD") || len(v) != 2 {
		t.Errorf("kept %d variables, want 2", len(v))
	}
}

func TestVariables(t *testing.T) {
	rows := map[string]struct {
		list, name, value string
		literal, has      bool
	}{
		"a literal value":                 {`[{"name":"PORT","value":"1"}]`, "PORT", "1", true, true},
		"members in another order":        {`[{"value":"1","name":"PORT"}]`, "PORT", "1", true, true},
		"an escaped name":                 {`[{"name":"\u0050ORT","value":"1"}]`, "PORT", "1", true, true},
		"space between":                   {`[ { "name" : "PORT" , "value" : "1" } ]`, "PORT", "1", true, true},
		"an empty literal value":          {`[{"name":"PORT"}]`, "PORT", "", true, true},
		"a value from elsewhere":          {`[{"name":"PORT","valueFrom":{"secretKeyRef":{"name":"a","key":"b"}}}]`, "PORT", "", false, true},
		"the last of two counts":          {`[{"name":"PORT","value":"1"},{"name":"PORT","value":"2"}]`, "PORT", "2", true, true},
		"an unknown variable":             {`[{"name":"TOKEN","value":"1"}]`, "TOKEN", "", false, false},
		"a name in another case":          {`[{"Name":"PORT","value":"1"}]`, "PORT", "", false, false},
		"no list":                         {`{"name":"PORT"}`, "PORT", "", false, false},
		"null":                            {`null`, "PORT", "", false, false},
		"an element that is none":         {`[5,null,"PORT",[],{"name":"PORT","value":"1"}]`, "PORT", "1", true, true},
		"a value that is none":            {`[{"name":"PORT","value":1}]`, "PORT", "", false, false},
		"a name that begins like a known": {`[{"name":"PORTAL","value":"1"}]`, "PORTAL", "", false, false},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			v := read(t, row.list)
			value, literal := v.Value(row.name)
			if value != row.value || literal != row.literal || v.Has(row.name) != row.has {
				t.Errorf("Value is %q %v, Has is %v", value, literal, v.Has(row.name))
			}
		})
	}
}
