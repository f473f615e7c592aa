package policy

import "k8s.io/apimachinery/pkg/labels"

// match finds the first rule of the group that selects a Pod with these labels; nil when none does.
func (g *ruleGroup) match(pod labels.Set) *rule {
	for i := range g.rules {
		if g.rules[i].podSelector.Matches(pod) {
			return &g.rules[i]
		}
	}
	return nil
}
