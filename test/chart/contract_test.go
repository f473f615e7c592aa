package chart_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/test/chart"
)

// TestEveryGroupOfTheServerHasAnEntry renders entries and policy file from the same values and compares the groups that
// the API server is told of with those that the server makes. The chart may write two entries where the server sees that
// two selectors mean the same, because the server knows a group by the name of each of its rules. The other way round
// would be a rule that does nothing.
func TestEveryGroupOfTheServerHasAnEntry(t *testing.T) {
	cases := map[string]struct{ first, second string }{
		"the same labels":                    {`{matchLabels: {a: x}}`, `{matchLabels: {a: x}}`},
		"labels in another order":            {`{matchLabels: {a: x, b: z}}`, `{matchLabels: {b: z, a: x}}`},
		"another label":                      {`{matchLabels: {a: x}}`, `{matchLabels: {a: z}}`},
		"absent and empty":                   {`null`, `{}`},
		"empty and of empty members":         {`{}`, `{matchLabels: {}, matchExpressions: []}`},
		"a label and the same as expression": {`{matchLabels: {a: x}}`, `{matchExpressions: [{key: a, operator: In, values: [x]}]}`},
		"empty values and none": {
			`{matchExpressions: [{key: a, operator: Exists, values: []}]}`, `{matchExpressions: [{key: a, operator: Exists}]}`,
		},
		"values in another order": {
			`{matchExpressions: [{key: a, operator: In, values: [x, z]}]}`, `{matchExpressions: [{key: a, operator: In, values: [z, x]}]}`,
		},
		"the same value twice": {
			`{matchExpressions: [{key: a, operator: In, values: [x]}]}`, `{matchExpressions: [{key: a, operator: In, values: [x, x]}]}`,
		},
		"expressions in another order": {
			`{matchExpressions: [{key: a, operator: Exists}, {key: b, operator: Exists}]}`,
			`{matchExpressions: [{key: b, operator: Exists}, {key: a, operator: Exists}]}`,
		},
		"expressions on one key in another order": {
			`{matchExpressions: [{key: a, operator: Exists}, {key: a, operator: NotIn, values: [x]}]}`,
			`{matchExpressions: [{key: a, operator: NotIn, values: [x]}, {key: a, operator: Exists}]}`,
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			values := "policy:\n  rules:\n  - {name: first, podSelector: {matchLabels: {tier: front}}, namespaceSelector: " + test.first + "}\n" +
				"  - {name: second, namespaceSelector: " + test.second + "}\n"
			rendered, err := chart.Render(chart.Options{Values: values})
			if err != nil {
				t.Fatal(err)
			}
			entries := groupsOfEntries(t, rendered)
			for _, group := range groupsOfServer(t, rendered) {
				if !slices.Contains(entries, group) {
					t.Errorf("the server's group %s is none of the entries %q", group, entries)
				}
			}
		})
	}
}

func TestTheServerAcceptsTheDefaultPolicy(t *testing.T) {
	rendered, err := chart.Render(chart.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"labelled-namespaces"}, groupsOfServer(t, rendered)); diff != "" {
		t.Errorf("want - got +:\n%s", diff)
	}
}

// groupsOfEntries are the groups that the webhook configuration sends Pods to.
func groupsOfEntries(t *testing.T, rendered *chart.Rendered) []string {
	t.Helper()
	configuration, err := rendered.WebhookConfiguration()
	if err != nil {
		t.Fatal(err)
	}
	var groups []string
	for _, webhook := range configuration.Webhooks {
		if group, ok := strings.CutPrefix(*webhook.ClientConfig.Service.Path, "/mutate/rules/"); ok {
			groups = append(groups, group)
		}
	}
	return groups
}

// groupsOfServer are the groups that the server makes of the policy file.
func groupsOfServer(t *testing.T, rendered *chart.Rendered) []string {
	t.Helper()
	file, err := rendered.PolicyFile()
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := policy.Parse(file, "v0.0.0")
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Groups()
}
