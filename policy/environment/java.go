package environment

import "strings"

// JavaOptions are the variables that hold options of a JVM, system properties among them: HotSpot's own (_JAVA_OPTIONS,
// JAVA_TOOL_OPTIONS: hotspot/share/runtime/arguments.cpp), the java launcher's (JDK_JAVA_OPTIONS), and those of the scripts that
// start Java in most images: Tomcat's catalina.sh, Red Hat's and Quarkus' run-java. One that goes before another comes first.
var JavaOptions = [...]string{
	"_JAVA_OPTIONS", "CATALINA_OPTS", "JAVA_OPTS_APPEND", "JAVA_OPTIONS", "JAVA_OPTS", "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS",
}

// IsProperty reports whether an argument is a system property of Java, such as -Dserver.port.
func IsProperty(argument string) bool {
	return strings.HasPrefix(argument, "-D") && len(argument) > len("-D")
}
