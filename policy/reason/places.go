package reason

// Places are where the word of a reason shows; in a warning it is the reason's sentence.
type Places struct {
	Warning, Status, Audit, Metric, Log, Explain, Lint bool
}

// places are those of the reasons that do not show where most do. A test of the CLI makes each reason, and holds it to them.
var places = map[Reason]Places{
	// The API server does not send such Pods.
	MirrorPod:    {},
	AnnotatedPod: {},
	// Nobody asked, and nothing was decided.
	RuleNotLoaded: {Audit: true, Metric: true},
	NoRuleMatches: {Audit: true, Metric: true, Explain: true},
	// Nothing is written to such Pods.
	StrippedCopy: {Warning: true, Audit: true, Metric: true, Log: true, Explain: true, Lint: true},
	PodTooLarge:  {Warning: true, Audit: true, Metric: true, Log: true, Explain: true, Lint: true},
	TooManyParts: {Warning: true, Audit: true, Metric: true, Log: true, Explain: true, Lint: true},
	// Notes of lint: worth knowing for whoever looks, and no warning.
	Knative:       {Status: true, Audit: true, Metric: true, Log: true, Explain: true, Lint: true},
	ExistingProbe: {Status: true, Audit: true, Metric: true, Log: true, Explain: true, Lint: true},
	Declined:      {Status: true, Audit: true, Metric: true, Log: true, Explain: true, Lint: true},
}

// Shows says where the reason shows. A reason that nobody needs a warning of is none of lint's either.
func (d *Description) Shows() Places {
	if special, ok := places[d.Reason]; ok {
		return special
	}
	return Places{Warning: !d.Silent, Status: true, Audit: true, Metric: true, Log: true, Explain: true, Lint: !d.Silent}
}
