package resilience

// without are the figures of the attacks with the server as it was before its listeners were bounded.
var without = map[string]shown{}

const withoutAtTheEnd = "?"
