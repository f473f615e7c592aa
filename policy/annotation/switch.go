package annotation

import "strings"

// likelyFalse and likelyTrue are what people write elsewhere for a switch. None is accepted: a value that looks
// understood and is not is how a container that should be left alone gets killed.
func likelyFalse(value string) bool {
	return isOneOf(value, "off", "no", "disabled", "disable", "none", "never", "n", "0", "f")
}

func likelyTrue(value string) bool {
	return isOneOf(value, "on", "yes", "enabled", "enable", "auto", "always", "y", "1", "t")
}

func isOneOf(value string, words ...string) bool {
	for _, word := range words {
		if strings.EqualFold(value, word) {
			return true
		}
	}
	return false
}

func parseSwitch(value string) (bool, error) {
	switch value {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return likelyTrue(value) || strings.EqualFold(value, "true"), switchMistake(value)
}

func switchMistake(value string) error {
	switch {
	case likelyFalse(value) || strings.EqualFold(value, "false"):
		return mistake(`write "false"`)
	case likelyTrue(value) || strings.EqualFold(value, "true"):
		return mistake(`write "true"`)
	}
	return mistake(`write "true" or "false"`)
}
