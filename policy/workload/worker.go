package workload

import (
	"path"
	"slices"
	"strings"
)

// worker is a program, or a task of one, that takes work from a queue or a clock and listens nowhere.
type worker struct {
	word string
	// tasks are the words of which one makes it a worker; empty where it always is one.
	tasks []string
}

// workers are known by their words in a command. Their Pods often come from the template of the server beside them, with its ports.
var workers = []worker{
	// Python: Celery, RQ, Dramatiq, Huey, Taskiq, Procrastinate, and Django's management commands.
	{word: "celery", tasks: []string{"worker", "beat"}}, {word: "rq", tasks: []string{"worker", "worker-pool"}},
	{word: "rqworker"}, {word: "dramatiq"}, {word: "huey_consumer"}, {word: "huey_consumer.py"},
	{word: "taskiq", tasks: []string{"worker", "scheduler"}}, {word: "procrastinate", tasks: []string{"worker"}},
	{word: "manage.py", tasks: []string{"celery", "db_worker", "process_tasks", "qcluster", "rqscheduler", "run_huey", "rundramatiq"}},
	// Ruby: Sidekiq, Resque, Delayed Job, Good Job, Solid Queue, Shoryuken.
	{word: "sidekiq"}, {word: "shoryuken"}, {word: "delayed_job"}, {word: "good_job", tasks: []string{"start"}},
	{word: "resque:work"}, {word: "jobs:work"}, {word: "solid_queue:start"},
	// PHP: Laravel and Symfony.
	{word: "queue:work"}, {word: "queue:listen"}, {word: "schedule:work"}, {word: "messenger:consume"},
	// Clocks.
	{word: "crond"}, {word: "supercronic"},
}

// IsWorker reports whether the command is a known worker's, which serves nobody.
func (c *Container) IsWorker() bool {
	// Nearly no command is one, and taking it apart is more work than this look.
	if !slices.ContainsFunc(c.Command, mayNameWorker) && !slices.ContainsFunc(c.Args, mayNameWorker) {
		return false
	}
	words := c.Words()
	return slices.ContainsFunc(words, func(word string) bool {
		at := indexOfWorker(word)
		return at >= 0 && (len(workers[at].tasks) == 0 ||
			slices.ContainsFunc(words, func(word string) bool { return slices.Contains(workers[at].tasks, word) }))
	})
}

// mayNameWorker reports whether an argument is a worker's word or a script.
func mayNameWorker(argument string) bool {
	return strings.ContainsAny(argument, " \t\n") || indexOfWorker(argument) >= 0
}

func indexOfWorker(word string) int {
	base := path.Base(word)
	return slices.IndexFunc(workers, func(w worker) bool { return w.word == base })
}
