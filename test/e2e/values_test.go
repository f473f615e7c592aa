package e2e

// sharedValues are the values of the installation that tests share: what the chart brings, and the profiles of an admin,
// who alone can say what to execute.
const sharedValues = `
policy:
  profiles:
  - name: target-file
    class: fast
    readiness: {exec: {command: [/target, check-alive]}}
    liveness: {exec: {command: [/target, check-alive]}, offer: OnRequest}
`
