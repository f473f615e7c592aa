package main

// The names of the arms, and of their namespaces.
const (
	armOurs            = "ours"
	armLowerBound      = "floor"
	armLowerBoundAgain = "floor again"

	// Only where CPU time is measured.
	armBare  = "bare"
	armTyped = "typed"

	// Only where Pods are created.
	armNone           = "none"
	armLowerBoundBare = "floor without our condition"
	armNative         = "native"

	// Only for Pods that did not ask: in a namespace that one of our entries selects, and in two that none does.
	armSelected      = "selected"
	armExcluded      = "excluded"
	armExcludedAgain = "excluded again"
)
