package catalogue_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

func marked() catalogue.Words { return func(name string) string { return "<" + name + ">" } }

func TestDetectionsInWords(t *testing.T) {
	rows := map[string]struct {
		detection v1alpha1.Detection
		want      string
	}{
		"an image":         {v1alpha1.Detection{Images: []string{"a"}}, "image <a>"},
		"several images":   {v1alpha1.Detection{Images: []string{"a", "b", "c*"}}, "image <a>, <b> or <c*>"},
		"a port":           {v1alpha1.Detection{Images: []string{"a"}, Ports: []intstr.IntOrString{intstr.FromInt32(80), intstr.FromString("web")}}, "image <a>, port <80> or <web>"},
		"a publisher":      {v1alpha1.Detection{Images: []string{"a"}, Publishers: []string{"d.io/x"}}, "image <a>, below <d.io/x>"},
		"one version":      {v1alpha1.Detection{Images: []string{"a"}, MinVersion: "2", MaxVersion: "2"}, "image <a>, version 2"},
		"a least version":  {v1alpha1.Detection{Images: []string{"a"}, MinVersion: "25"}, "image <a>, version 25 or newer"},
		"a last version":   {v1alpha1.Detection{Images: []string{"a"}, MaxVersion: "24"}, "image <a>, version 24 or older"},
		"versions between": {v1alpha1.Detection{Images: []string{"a"}, MinVersion: "17", MaxVersion: "24"}, "image <a>, version 17 to 24"},
		"arguments":        {v1alpha1.Detection{Args: []string{"--a", "--b"}}, "argument <--a> and <--b>"},
		"variables":        {v1alpha1.Detection{Env: []v1alpha1.EnvVar{{Name: "A", Value: "1"}, {Name: "B"}}, WithoutEnv: []string{"C*"}}, "variable <A=1> and <B>, without variable <C*>"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if got := marked().Detection(&row.detection); got != row.want {
				t.Errorf("got %s, want %s", got, row.want)
			}
		})
	}
}

func TestPlacesOfPortsInWords(t *testing.T) {
	p := v1alpha1.Profile{
		Ports: []v1alpha1.PortSource{{Arg: "--a"}, {Env: "B"}, {Env: "C", Value: "true", Number: 9000}, {Name: "d"}, {Number: 80}},
		Detect: []v1alpha1.Detection{
			{Ports: []intstr.IntOrString{intstr.FromInt32(80), intstr.FromInt32(81)}},
			{Ports: []intstr.IntOrString{intstr.FromString("e"), intstr.FromInt32(81)}},
		},
	}
	const want = "the argument <--a>, else the variable <B>, else 9000 where <C=true>, else the port named <d>, else 80, else 81, else the port named <e>"
	if got := marked().Ports(&p); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestProbesInWords(t *testing.T) {
	rows := map[string]struct {
		probe                  *v1alpha1.ProfileProbe
		level, handler, fields string
	}{
		"one that is left out":    {nil, "never", "", ""},
		"one that nobody gets":    {&v1alpha1.ProfileProbe{Offer: v1alpha1.Never}, "never", "", ""},
		"one for all":             {&v1alpha1.ProfileProbe{Offer: v1alpha1.Offered, Handler: "/a"}, "offered", "</a>", ""},
		"one for who asks":        {&v1alpha1.ProfileProbe{Offer: v1alpha1.OnRequest, Handler: "tcp"}, "on request", "<tcp>", ""},
		"one with its own key":    {&v1alpha1.ProfileProbe{Offer: v1alpha1.OnRequest, OwnKey: true, Handler: "tcp"}, "own key", "<tcp>", ""},
		"a command":               {&v1alpha1.ProfileProbe{Exec: &v1alpha1.ExecAction{Command: []string{"sh", "-c", "echo 'a'"}}}, "offered", `the command <sh -c 'echo '\''a'\'''>`, ""},
		"fields in their order":   {&v1alpha1.ProfileProbe{Handler: "tcp", FailureThreshold: new(int32(8)), TimeoutSeconds: new(int32(15))}, "offered", "<tcp>", "timeoutSeconds=15 failureThreshold=8"},
		"a grace of the probe":    {&v1alpha1.ProfileProbe{Handler: "tcp", TerminationGracePeriodSeconds: new(int64(5))}, "offered", "<tcp>", "terminationGracePeriodSeconds=5"},
		"all the other fields":    {&v1alpha1.ProfileProbe{Handler: "tcp", InitialDelaySeconds: new(int32(1)), PeriodSeconds: new(int32(2)), SuccessThreshold: new(int32(3))}, "offered", "<tcp>", "initialDelaySeconds=1 periodSeconds=2 successThreshold=3"},
		"a handler with its port": {&v1alpha1.ProfileProbe{Handler: "https:9000/a"}, "offered", "<https:9000/a>", ""},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			level, handler, fields := catalogue.Level(row.probe), marked().Handler(row.probe), strings.Join(catalogue.Fields(row.probe), " ")
			if level != row.level || handler != row.handler || fields != row.fields {
				t.Errorf("got %q %q %q, want %q %q %q", level, handler, fields, row.level, row.handler, row.fields)
			}
		})
	}
}

func TestHintsInWords(t *testing.T) {
	got := marked().Hint(&catalogue.ClassHint{Env: []string{"A", "B_*"}, Args: []string{"-d"}, Images: []string{"c"}})
	if want := "variable <A> or <B_*>, argument <-d>, image <c>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
