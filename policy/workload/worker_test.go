package workload_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy/workload"
)

func TestACommandOfAKnownWorkerServesNobody(t *testing.T) {
	for command, want := range map[string]bool{
		"celery -A shop worker --concurrency 4":     true,
		"celery --app=shop beat":                    true,
		"celery -A shop flower":                     false,
		"/venv/bin/celery -A shop worker":           true,
		"python -m celery -A shop worker":           true,
		"bundle exec sidekiq -C config/sidekiq.yml": true,
		"bundle exec rake jobs:work":                true,
		"bin/rails solid_queue:start":               true,
		"bin/rails server":                          false,
		"php artisan queue:work --tries=3":          true,
		"php artisan serve":                         false,
		"php bin/console messenger:consume async":   true,
		"python manage.py qcluster":                 true,
		"python manage.py runserver 0.0.0.0:8000":   false,
		"rq worker high default":                    true,
		"supercronic /etc/crontab":                  true,
		"gunicorn celery_monitor:app --workers 4":   false,
		"node server.js":                            false,
		"uvicorn worker:app":                        false,
		"":                                          false,
	} {
		t.Run(command, func(t *testing.T) {
			for _, c := range []workload.Container{{Command: strings.Fields(command)}, {Args: strings.Fields(command)}, {Command: []string{"sh", "-c", "exec " + command}}} {
				if got := c.IsWorker(); got != want {
					t.Errorf("%q %q: %v", c.Command, c.Args, got)
				}
			}
		})
	}
}
