package detect_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/environment"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// variables are read as from a Pod.
func variables(t *testing.T, env ...corev1.EnvVar) environment.Variables {
	t.Helper()
	text, err := json.Marshal(env)
	if err != nil {
		t.Fatal(err)
	}
	var v environment.Variables
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func secret(name string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{Key: "k"}}}
}

// found is what a single way of detection, of a profile called it, makes of a container.
func found(d v1alpha1.Detection, c *workload.Container) detect.Software {
	var detectors detect.Detectors
	detectors.Add(&v1alpha1.Profile{Name: "it", Detect: []v1alpha1.Detection{d}})
	img := detect.ParseImage(c.Image, nil)
	return detectors.Detect(c, &img)
}

func TestSoftwareIsDetectedWhereEverythingHolds(t *testing.T) {
	http := []workload.ContainerPort{{Name: "http", ContainerPort: 8080}}
	keycloak := variables(t, corev1.EnvVar{Name: "KC_HEALTH_ENABLED", Value: "true"}, secret("NODE_ENV"), secret("PORT"))
	image := []string{"shop"}
	for name, row := range map[string]struct {
		detection v1alpha1.Detection
		container workload.Container
		by        detect.EvidenceKind
		detail    string
	}{
		"an image": {v1alpha1.Detection{Images: image}, workload.Container{Image: "a.example/shop:1"}, detect.EvidenceImage, "a.example/shop:1"},
		"another image": {
			v1alpha1.Detection{Images: image}, workload.Container{Image: "a.example/cart:1"}, "", "",
		},
		"an image by a star": {
			v1alpha1.Detection{Images: []string{"cart", "sh*"}}, workload.Container{Image: "shop"}, detect.EvidenceImage, "shop",
		},
		"an image of its publisher": {
			v1alpha1.Detection{Images: image, Publishers: []string{"a.example"}}, workload.Container{Image: "a.example/shop"},
			detect.EvidenceImage, "a.example/shop",
		},
		"an image of another publisher": {
			v1alpha1.Detection{Images: image, Publishers: []string{"a.example"}}, workload.Container{Image: "b.example/shop"}, "", "",
		},
		"an image that is new enough": {
			v1alpha1.Detection{Images: image, MinVersion: "2.1"}, workload.Container{Image: "shop:2.1.7"}, detect.EvidenceImage, "shop:2.1.7",
		},
		"an image that is too old":     {v1alpha1.Detection{Images: image, MinVersion: "2.1"}, workload.Container{Image: "shop:2.0"}, "", ""},
		"an image that may be too old": {v1alpha1.Detection{Images: image, MinVersion: "2.1"}, workload.Container{Image: "shop:2"}, "", ""},
		"an image that is too new":     {v1alpha1.Detection{Images: image, MaxVersion: "2"}, workload.Container{Image: "shop:3"}, "", ""},
		"one of the ports": {
			v1alpha1.Detection{Images: image, Ports: []intstr.IntOrString{intstr.FromInt32(1), intstr.FromString("http")}},
			workload.Container{Image: "shop", Ports: http}, detect.EvidenceImage, "shop",
		},
		"none of the ports": {
			v1alpha1.Detection{Images: image, Ports: []intstr.IntOrString{intstr.FromInt32(1)}},
			workload.Container{Image: "shop", Ports: http}, "", "",
		},
		"an argument goes before an image": {
			v1alpha1.Detection{Images: image, Args: []string{"--ping"}}, workload.Container{Image: "shop", Args: []string{"--ping"}},
			detect.EvidenceArgument, "--ping",
		},
		"an argument that is false": {
			v1alpha1.Detection{Args: []string{"--ping"}}, workload.Container{Args: []string{"--ping=false"}}, "", "",
		},
		"one of two arguments": {
			v1alpha1.Detection{Args: []string{"--ping", "--web"}}, workload.Container{Args: []string{"--ping"}}, "", "",
		},
		"a variable of any value": {
			v1alpha1.Detection{Env: []v1alpha1.EnvVar{{Name: "NODE_ENV"}}}, workload.Container{Env: keycloak}, detect.EvidenceVariable, "NODE_ENV",
		},
		"a variable of the value": {
			v1alpha1.Detection{Env: []v1alpha1.EnvVar{{Name: "KC_HEALTH_ENABLED", Value: "true"}}}, workload.Container{Env: keycloak},
			detect.EvidenceVariable, "KC_HEALTH_ENABLED",
		},
		"a variable of another value": {
			v1alpha1.Detection{Env: []v1alpha1.EnvVar{{Name: "KC_HEALTH_ENABLED", Value: "yes"}}}, workload.Container{Env: keycloak}, "", "",
		},
		"a variable whose value is not known": {
			v1alpha1.Detection{Env: []v1alpha1.EnvVar{{Name: "PORT", Value: "1"}}}, workload.Container{Env: keycloak}, "", "",
		},
		"a variable that must not be there": {
			v1alpha1.Detection{Images: image, WithoutEnv: []string{"KC_*"}}, workload.Container{Image: "shop", Env: keycloak}, "", "",
		},
		"no variable that must not be there": {
			v1alpha1.Detection{Images: image, WithoutEnv: []string{"GF_*"}}, workload.Container{Image: "shop", Env: keycloak},
			detect.EvidenceImage, "shop",
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := detect.Software{}
			if row.by != "" {
				want = detect.Software{Profile: "it", Evidence: detect.Evidence{Kind: row.by, Detail: row.detail}, Matched: &row.detection}
			}
			if diff := cmp.Diff(want, found(row.detection, &row.container)); diff != "" {
				t.Errorf("Detect (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingIsDetectedWithoutDetectors(t *testing.T) {
	var none detect.Detectors
	img := detect.ParseImage("nginx", nil)
	if got := none.Detect(&workload.Container{Image: "nginx"}, &img); got != (detect.Software{}) {
		t.Errorf("found %+v", got)
	}
}

func TestTheFirstWayThatMatchesCounts(t *testing.T) {
	byImage := func(patterns ...string) v1alpha1.Detection { return v1alpha1.Detection{Images: patterns} }
	ping := v1alpha1.Detection{Args: []string{"--ping"}}
	pinging := workload.Container{Image: "shop", Args: []string{"--ping"}}
	type profile struct {
		name string
		ways []v1alpha1.Detection
	}
	for name, row := range map[string]struct {
		profiles  []profile
		container workload.Container
		want      string
		overruled bool
	}{
		"of two by name":                  {[]profile{{"a", []v1alpha1.Detection{byImage("shop")}}, {"b", []v1alpha1.Detection{byImage("shop")}}}, pinging, "a", false},
		"by name before by argument":      {[]profile{{"a", []v1alpha1.Detection{byImage("shop")}}, {"b", []v1alpha1.Detection{ping}}}, pinging, "a", false},
		"by argument before by name":      {[]profile{{"a", []v1alpha1.Detection{ping}}, {"b", []v1alpha1.Detection{byImage("shop")}}}, pinging, "a", false},
		"by star before by name":          {[]profile{{"a", []v1alpha1.Detection{byImage("s*")}}, {"b", []v1alpha1.Detection{byImage("shop")}}}, pinging, "a", false},
		"a name among several with stars": {[]profile{{"a", []v1alpha1.Detection{byImage("x", "*op")}}, {"b", []v1alpha1.Detection{byImage("shop")}}}, pinging, "a", false},
		"the second way of a profile":     {[]profile{{"a", []v1alpha1.Detection{byImage("cart"), ping}}, {"b", []v1alpha1.Detection{byImage("shop")}}}, pinging, "a", false},
		"a name twice in one way":         {[]profile{{"a", []v1alpha1.Detection{byImage("a.example/shop", "shop")}}}, pinging, "a", false},
		"a command speaks against an image": {
			[]profile{{"a", []v1alpha1.Detection{byImage("shop")}}}, workload.Container{Image: "shop", Command: []string{"psql"}}, "a", true,
		},
		"an argument speaks for itself": {
			[]profile{{"a", []v1alpha1.Detection{{Images: []string{"shop"}, Args: []string{"--ping"}}}}},
			workload.Container{Image: "shop", Command: []string{"/shop", "--ping"}}, "a", false,
		},
		"a later way without doubt goes before one in doubt": {
			[]profile{{"a", []v1alpha1.Detection{byImage("shop")}}, {"b", []v1alpha1.Detection{ping}}},
			workload.Container{Image: "shop", Command: []string{"/cart", "--ping"}}, "b", false,
		},
		"the first in doubt stays without a better one": {
			[]profile{{"a", []v1alpha1.Detection{byImage("shop")}}, {"b", []v1alpha1.Detection{byImage("s*")}}},
			workload.Container{Image: "shop", Command: []string{"/cart"}}, "a", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var detectors detect.Detectors
			for _, p := range row.profiles {
				detectors.Add(&v1alpha1.Profile{Name: p.name, Detect: p.ways})
			}
			img := detect.ParseImage(row.container.Image, nil)
			if got := detectors.Detect(&row.container, &img); got.Profile != row.want || got.CommandOverridden != row.overruled {
				t.Errorf("found %+v, want %s %v", got, row.want, row.overruled)
			}
		})
	}
}

func TestADetectionOfOneContainerLeavesTheDetectorsAsTheyWere(t *testing.T) {
	var detectors detect.Detectors
	detectors.Add(&v1alpha1.Profile{Name: "a", Detect: []v1alpha1.Detection{{Images: []string{"shop"}}, {Args: []string{"--ping"}}}})
	c := workload.Container{Image: "shop", Command: []string{"x"}}
	img := detect.ParseImage(c.Image, nil)
	first := detectors.Detect(&c, &img)
	if second := detectors.Detect(&c, &img); first != second || first.Profile != "a" {
		t.Errorf("first %+v, then %+v", first, second)
	}
}
