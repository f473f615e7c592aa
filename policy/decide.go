package policy

// Door is the path by which a Pod reaches the engine. Which door is chosen by the API server, from the
// webhook configuration; offline, Route chooses it in the same way.
type Door struct {
	// Group is the name of a group of rules, or empty for Pods that carry annotations of ours.
	Group string
}

// Subject is all that a decision may depend on, next to the Policy.
type Subject struct {
	Pod  *Pod
	Door Door
}

// Decide answers what to inject into the subject's Pod. It is pure and total: every Pod gets a Decision,
// user mistakes are part of it.
func (p *Policy) Decide(s Subject) Decision { return Decision{} }
