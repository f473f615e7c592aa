package timing

import "slices"

// Class describes how software of one kind usually starts and answers. All figures are seconds.
type Class struct {
	// Name is what policies and profiles write.
	Name string
	// TypicalStart is how long a usual start takes. It shortens or lengthens initialDelaySeconds, at most to
	// MaxInitialDelaySeconds.
	TypicalStart int32
	// StartupBudget is the longest start that still counts as healthy.
	StartupBudget int32
	// RestartAfter is the silence that is always tolerated before a restart.
	RestartAfter int32
	// UnreadyAfter is within how long traffic stops.
	UnreadyAfter int32
	// ReadinessPeriod is how often readiness is probed.
	ReadinessPeriod int32
	// ReadinessTimeout is the timeout of readiness probes. It may be shorter than that of probes that kill.
	ReadinessTimeout int32
	// SlowedByCPULimit reports that a CPU limit below one core stretches the start.
	SlowedByCPULimit bool
	// Summary says in a few words which software is meant.
	Summary string
}

// DefaultClassName is the class of a container about which nothing is known.
const DefaultClassName = "generic"

const (
	usualRestartAfter    = 50
	databaseRestartAfter = 75
	usualUnreadyAfter    = 20
	slowUnreadyAfter     = 35
	usualReadinessPeriod = 5
	slowReadinessPeriod  = 10
	usualTimeout         = 3
	slowTimeout          = 5
)

// usualStartupBudget is the shortest budget of a class. A budget costs a healthy start nothing. Many authors give their
// software a whole five minutes before the first look and count three failures of 3 to 10 s after it, so it is half a minute
// longer than that. Software that is recognised must not get less time than software that is not.
const usualStartupBudget = 330

// classes are those that usually start fastest first. The start-up figures lie above the medians of 117 published charts
// (bitnami/charts, July 2026), near what operators of the same software allow; docs/defaults.md compares them.
var classes = [...]Class{
	usual("fast", 5, usualStartupBudget, false, "Go, Rust, C++, proxies, static files"),
	usual("interpreted", 20, usualStartupBudget, true, "Node.js, Python, PHP, Ruby"),
	usual("jvm-light", 15, usualStartupBudget, true, "Quarkus, Micronaut, Helidon"),
	usual("dotnet", 15, usualStartupBudget, true, "ASP.NET Core"),
	usual(DefaultClassName, 10, usualStartupBudget, false, "unknown software"),
	usual("jvm", 40, usualStartupBudget, true, "Spring Boot, Tomcat, Jetty"),
	usual("jvm-heavy", 90, 600, true, "Keycloak, WildFly, Jenkins, SonarQube"),
	usual("model", 180, 1800, true, "vLLM, TGI, Triton: servers that load model weights"),
	{
		Name: "database", TypicalStart: 10, StartupBudget: 3600, RestartAfter: databaseRestartAfter,
		UnreadyAfter: slowUnreadyAfter, ReadinessPeriod: slowReadinessPeriod, ReadinessTimeout: slowTimeout,
		Summary: "stateful stores: a start may replay a log for an hour",
	},
}

// Classes returns all classes, the fastest first.
func Classes() []Class { return slices.Clone(classes[:]) }

func usual(name string, typicalStart, startupBudget int32, slowedByCPULimit bool, summary string) Class {
	return Class{
		Name: name, TypicalStart: typicalStart, StartupBudget: startupBudget, RestartAfter: usualRestartAfter,
		UnreadyAfter: usualUnreadyAfter, ReadinessPeriod: usualReadinessPeriod, ReadinessTimeout: usualTimeout,
		SlowedByCPULimit: slowedByCPULimit, Summary: summary,
	}
}

// ClassByName finds a class.
func ClassByName(name string) (Class, bool) {
	for i := range classes {
		if classes[i].Name == name {
			return classes[i], true
		}
	}
	return Class{}, false
}

// ClassNames lists the names of all classes, for error messages.
func ClassNames() []string {
	names := make([]string, len(classes))
	for i, c := range classes {
		names[i] = c.Name
	}
	return names
}
