package v1alpha1

import "k8s.io/apimachinery/pkg/util/intstr"

// Detection is one way to recognise a container. Everything that is set must hold.
type Detection struct {
	// Images are names of the last segment of an image's repository, such as postgres, or of the last two, such as
	// ingress-nginx/controller. A star at the beginning or the end stands for anything. An image says nothing about
	// a container with a command of its own, which may be a client, unless that starts one of the profile's Programs or
	// the container declares a port that is the profile's own.
	Images []string `json:"images,omitempty"`
	// Publishers are the repositories, such as docker.io/library, below which an image must lie. It is needed where
	// a probe runs a program that not every image of the name contains.
	Publishers []string `json:"publishers,omitempty"`
	// MinVersion and MaxVersion bound the version that the image's tag names, such as "25", "3.5" or "3.5.11". MaxVersion
	// includes all that it begins: 3.5.11 is within 3.5. A tag that leaves a doubt is outside: latest, or 3.5 where the
	// bound is 3.5.11.
	MinVersion string `json:"minVersion,omitempty"`
	MaxVersion string `json:"maxVersion,omitempty"`
	// Ports are TCP ports, by number or name, of which the container declares one.
	Ports []intstr.IntOrString `json:"ports,omitempty"`
	// PortAlone lets the ports alone recognise a container that nothing else describes: by its protocol's own port, which
	// no other software uses. Such a row counts after all others.
	PortAlone bool `json:"portAlone,omitempty"`
	// Args are arguments, such as --ping, that stand in command or args, alone or before "=".
	Args []string `json:"args,omitempty"`
	// Env are literal environment variables of the container.
	Env []EnvVar `json:"env,omitempty"`
	// WithoutEnv are variables that the container does not set.
	WithoutEnv []string `json:"withoutEnv,omitempty"`
}

// EnvVar is a literal environment variable.
type EnvVar struct {
	Name string `json:"name"`
	// Value is what it must be; empty accepts every value.
	Value string `json:"value,omitempty"`
}

// PortSource is one place to find a port. Exactly one of Arg, Env, Name and Number alone is set; Number beside Env is
// the port where that variable has that value.
type PortSource struct {
	// Arg is an argument whose value ends in a port, such as --health-probe-bind-address=:8081.
	Arg string `json:"arg,omitempty"`
	// Env is a literal variable whose value is a port, or with Value and Number one that chooses a port.
	Env string `json:"env,omitempty"`
	// Value is what Env must be for Number to count.
	Value string `json:"value,omitempty"`
	// Name is the name of a TCP port of the container.
	Name string `json:"name,omitempty"`
	// Number is a TCP port that the container declares.
	Number int32 `json:"number,omitempty"`
	// Undeclared takes Number although the container does not declare it: the software listens there on all addresses
	// unless a setting above says otherwise.
	Undeclared bool `json:"undeclared,omitempty"`
}
