package detect_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

func TestTheFirstSourceThatIsThereGivesThePort(t *testing.T) {
	declared := []workload.ContainerPort{{Name: "metrics", ContainerPort: 9090}, {ContainerPort: 8080}}
	arg, env := v1alpha1.PortSource{Arg: "--address"}, v1alpha1.PortSource{Env: "SERVER_PORT"}
	property := v1alpha1.PortSource{Arg: "-Dserver.port"}
	byName, byNumber := v1alpha1.PortSource{Name: "metrics"}, v1alpha1.PortSource{Number: 8080}
	tls := v1alpha1.PortSource{Env: "GF_SERVER_PROTOCOL", Value: "https", Number: 443}
	sources := func(all ...v1alpha1.PortSource) []v1alpha1.PortSource { return all }
	for name, row := range map[string]struct {
		sources []v1alpha1.PortSource
		args    string
		env     []corev1.EnvVar
		port    int32
		source  string
	}{
		"no source":                               {nil, "--address=:1", nil, 0, ""},
		"an argument":                             {sources(arg, byName), "--address=:8081", nil, 8081, ""},
		"an argument that is not there":           {sources(arg, byName), "--port=1", nil, 9090, ""},
		"a declared name":                         {sources(byName, byNumber), "", nil, 9090, ""},
		"a declared number":                       {sources(byNumber, byName), "", nil, 8080, ""},
		"a number that is not declared":           {sources(v1alpha1.PortSource{Number: 1}), "", nil, 0, ""},
		"a variable":                              {sources(env), "", []corev1.EnvVar{{Name: "SERVER_PORT", Value: "9000"}}, 9000, ""},
		"the first port of a variable":            {sources(env), "", []corev1.EnvVar{{Name: "SERVER_PORT", Value: "9000;9001"}}, 9000, ""},
		"an address in a variable":                {sources(env, byName), "", []corev1.EnvVar{{Name: "SERVER_PORT", Value: "0.0.0.0:9000"}}, 9000, ""},
		"loopback in a variable":                  {sources(env, byName), "", []corev1.EnvVar{{Name: "SERVER_PORT", Value: "127.0.0.1:9000"}}, 0, "SERVER_PORT"},
		"a variable that is no port":              {sources(env, byName), "", []corev1.EnvVar{{Name: "SERVER_PORT", Value: "auto"}}, 0, "SERVER_PORT"},
		"a variable without a value":              {sources(env, byName), "", []corev1.EnvVar{{Name: "SERVER_PORT"}}, 0, "SERVER_PORT"},
		"a variable from a Secret":                {sources(env, byName), "", []corev1.EnvVar{secret("SERVER_PORT")}, 0, "SERVER_PORT"},
		"a variable that is not set":              {sources(env, byName), "", nil, 9090, ""},
		"a variable that chooses a port":          {sources(tls, byName), "", []corev1.EnvVar{{Name: "GF_SERVER_PROTOCOL", Value: "https"}}, 443, ""},
		"a variable that chooses none":            {sources(tls, byName), "", []corev1.EnvVar{{Name: "GF_SERVER_PROTOCOL", Value: "http"}}, 9090, ""},
		"a choice that is not known":              {sources(tls, byName), "", []corev1.EnvVar{secret("GF_SERVER_PROTOCOL")}, 0, "GF_SERVER_PROTOCOL"},
		"a property of Java":                      {sources(property, byName), "-Dserver.port=8081 -jar app.jar", nil, 8081, ""},
		"a property of Java in a variable":        {sources(property, byName), "-jar app.jar", []corev1.EnvVar{{Name: "JAVA_TOOL_OPTIONS", Value: "-Xmx1g -Dserver.port=9001"}}, 9001, ""},
		"the last of two equal properties":        {sources(property, byName), "", []corev1.EnvVar{{Name: "JAVA_OPTS", Value: "-Dserver.port=1 -Dserver.port=9001"}}, 9001, ""},
		"an option that begins like the property": {sources(property, byName), "", []corev1.EnvVar{{Name: "JAVA_OPTS", Value: "-Dserver.portal=1"}}, 9090, ""},
		"options of a JVM that are not known":     {sources(property, byName), "", []corev1.EnvVar{secret("JAVA_OPTS")}, 9090, ""},
		"an argument that is no port":             {sources(arg, byName), "--address=disabled", nil, 0, "--address"},
	} {
		t.Run(name, func(t *testing.T) {
			c := workload.Container{Args: strings.Fields(row.args), Env: variables(t, row.env...), Ports: declared}
			if port, source := detect.ProfilePort(&c, row.sources, nil); port != row.port || source != row.source {
				t.Errorf("ProfilePort is %d %q, want %d %q", port, source, row.port, row.source)
			}
		})
	}
}

func TestTheKubeletReachesAnAddressThatIsNotLoopback(t *testing.T) {
	for address, want := range map[string]int32{
		":8081": 8081, "0.0.0.0:8081": 8081, "[::]:8081": 8081, "10.0.0.1:8081": 8081, "8081": 8081, "shop.example:8081": 8081,
		// Traefik writes the protocol behind the port.
		":8080/tcp":      8080,
		"localhost:8081": 0, "127.0.0.1:8081": 0, "127.1.2.3:8081": 0, "[::1]:8081": 0,
		"0": 0, ":0": 0, ":http": 0, "": 0, ":": 0, ":65535": 65535, ":65536": 0, ":-1": 0, "unix:/run/a.sock": 0,
	} {
		c := workload.Container{Args: []string{"--address=" + address}}
		port, source := detect.ProfilePort(&c, []v1alpha1.PortSource{{Arg: "--address"}}, nil)
		if port != want || (port == 0) != (source == "--address") {
			t.Errorf("%q gives %d %q, want %d", address, port, source, want)
		}
	}
}

func TestTheDetectionsPortsComeAfterTheSources(t *testing.T) {
	c := workload.Container{Ports: []workload.ContainerPort{{Name: "web", ContainerPort: 80}, {ContainerPort: 5432}}}
	detections := []v1alpha1.Detection{
		{Ports: []intstr.IntOrString{intstr.FromInt32(1), intstr.FromInt32(5432)}},
		{Ports: []intstr.IntOrString{intstr.FromString("web")}},
	}
	for name, row := range map[string]struct {
		sources    []v1alpha1.PortSource
		detections []v1alpha1.Detection
		want       int32
	}{
		"a source goes before":           {[]v1alpha1.PortSource{{Name: "web"}}, detections, 80},
		"a number":                       {[]v1alpha1.PortSource{{Name: "none"}}, detections, 5432},
		"a name":                         {nil, detections[1:], 80},
		"a port that is not declared":    {nil, []v1alpha1.Detection{{Ports: []intstr.IntOrString{intstr.FromInt32(1)}}}, 0},
		"a detection that names no port": {nil, []v1alpha1.Detection{{Images: []string{"a"}}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if port, source := detect.ProfilePort(&c, row.sources, row.detections); port != row.want || source != "" {
				t.Errorf("ProfilePort is %d %q, want %d", port, source, row.want)
			}
		})
	}
}

func TestEveryKindOfEvidenceHasASentence(t *testing.T) {
	for _, d := range detect.EvidenceTable {
		e := detect.Evidence{Kind: d.Kind, Detail: "SEEN"}
		if strings.Count(e.Sentence(), "SEEN") != 1 || e.Confidence() != d.Confidence || d.Confidence == "" || d.Gives == "" {
			t.Errorf("%s: %q with confidence %q", d.Kind, e.Sentence(), e.Confidence())
		}
	}
	if none := (detect.Evidence{}); none.Sentence() != "" || none.Confidence() != "" {
		t.Errorf("no evidence says %q", none.Sentence())
	}
}
