package resilience

import "time"

// without are the figures of the attacks in their full form with the server as it was before its listeners were bounded, on
// two CPUs that were busy with other work too. They come from
//
//	RESILIENCE=full RESILIENCE_PROGRAM=the server of commit d4dcc2e go test -v -run 'TestStrangers|TestTheEnd' .
var without = map[string]shown{
	"unfinished headers on 16 connections":  {residentMiB: 233, answered: 100, p99: 230800 * time.Microsecond, probed: 100, answeredBeside: 100, p99Beside: 32200 * time.Microsecond, probedBeside: 100},
	"unfinished headers on 64 connections":  {residentMiB: 219, answered: 100, p99: 10000 * time.Microsecond, probed: 100, answeredBeside: 100, p99Beside: 11300 * time.Microsecond, probedBeside: 100},
	"unfinished headers on 500 connections": {residentMiB: 118, answered: 100, p99: 99000 * time.Microsecond, probed: 100, answeredBeside: 100, p99Beside: 112800 * time.Microsecond, probedBeside: 100},
	"bodies that drip on 700 connections":   {residentMiB: 149, answered: 100, p99: 82400 * time.Microsecond, probed: 100, answeredBeside: 100, p99Beside: 30700 * time.Microsecond, probedBeside: 100},
	"clients that never read":               {residentMiB: 168, answered: 100, p99: 698800 * time.Microsecond, probed: 100, answeredBeside: 100, p99Beside: 105800 * time.Microsecond, probedBeside: 100},
	"clients that never read long answers":  {residentMiB: 188, answered: 20.0, p99: 2190500 * time.Microsecond, probed: 18.4, answeredBeside: 100, p99Beside: 114200 * time.Microsecond, probedBeside: 100},
	"half-open requests":                    {residentMiB: 152, answered: 100, p99: 189000 * time.Microsecond, probed: 100, answeredBeside: 100, p99Beside: 116300 * time.Microsecond, probedBeside: 100},
	"silent sockets":                        {residentMiB: 161, answered: 100, p99: 35100 * time.Microsecond, probed: 100, answeredBeside: 100, p99Beside: 39700 * time.Microsecond, probedBeside: 100},
	"clients that send a review and stay":   {residentMiB: 183, answered: 100, p99: 76600 * time.Microsecond, probed: 100, answeredBeside: 100, p99Beside: 62800 * time.Microsecond, probedBeside: 100},
	"a flood on health and metrics":         {residentMiB: 290, answered: 99.5, p99: 1927600 * time.Microsecond, probed: 100, answeredBeside: 100, p99Beside: 92300 * time.Microsecond, probedBeside: 100},
	"monster bodies":                        {residentMiB: 182, answered: 100, p99: 961400 * time.Microsecond, probed: 100, answeredBeside: 100, p99Beside: 73800 * time.Microsecond, probedBeside: 100},
	"all at once":                           {residentMiB: 271, answered: 95.8, p99: 2305100 * time.Microsecond, probed: 48.2, answeredBeside: 100, p99Beside: 114100 * time.Microsecond, probedBeside: 100},
}

// withoutAtTheEnd is how long the same server took to end. A client that goes on asking has held it for a minute.
const withoutAtTheEnd = "ended after 7.2 s"
