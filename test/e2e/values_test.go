package e2e

// sharedValues are the values of the installation that tests share: what the chart brings, and the profiles of an admin,
// who alone can say what to execute.
const sharedValues = `
policy:
  profiles:
  - name: target-file
    class: fast
    readiness: {exec: {command: [/target, check-ready]}}
    liveness: {exec: {command: [/target, check-alive]}, offer: OnRequest}
  - name: target-command
    class: fast
    readiness: {exec: {command: [/target, ask, "http://127.0.0.1:8080/readyz"]}}
    liveness: {exec: {command: [/target, ask, "http://127.0.0.1:8080/livez"]}, offer: OnRequest}
`
