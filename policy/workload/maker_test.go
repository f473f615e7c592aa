package workload_test

import (
	"testing"

	"github.com/probe-injector/probe-injector/policy/workload"
)

func TestWhatMadeTheOwnerOfAPodIsKnownFromNames(t *testing.T) {
	for name, row := range map[string]struct {
		kind, name, label, hash string
		want                    string
	}{
		"a Deployment's ReplicaSet ends with the hash":              {"ReplicaSet", "web-5f7d9c", "pod-template-hash", "5f7d9c", "Deployment.apps web"},
		"a Rollout's has a label of its own":                        {"ReplicaSet", "web-5f7d9c", "rollouts-pod-template-hash", "5f7d9c", "Rollout.argoproj.io web"},
		"a ReplicaSet that a person made":                           {"ReplicaSet", "web", "", "", ""},
		"a person's ReplicaSet whose Pods happen to have the label": {"ReplicaSet", "web-blue", "pod-template-hash", "5f7d9c", ""},
		"an empty hash is none":                                     {"ReplicaSet", "web-", "pod-template-hash", "", ""},
		"a CronJob's Job ends with its minute":                      {"Job", "backup-29123456", "", "", "CronJob.batch backup"},
		"a Job whose name ends with another number":                 {"Job", "backup-2", "", "", ""},
		"a StatefulSet is made by nobody":                           {"StatefulSet", "db-12345678", "pod-template-hash", "12345678", ""},
	} {
		t.Run(name, func(t *testing.T) {
			owner := workload.OwnerReference{Kind: row.kind, Name: row.name}
			got := ""
			if kind, name, made := owner.Maker(map[string]string{row.label: row.hash}); made {
				got = kind.String() + " " + name
			}
			if got != row.want {
				t.Errorf("made by %q, want %q", got, row.want)
			}
		})
	}
}
