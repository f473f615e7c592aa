package annotation

// What a handler of a profile looks like, as a regular expression for programs that have no parser, such as templates of
// Helm: it matches whatever [ParseProfileHandler] reads, and nothing else but what is too long.
const (
	number  = `(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])`
	name    = `[0-9]*[a-z-][a-z0-9-]*`
	port    = `(?://:)?(?:` + number + `|` + name + `)`
	escape  = `%[0-9A-Fa-f]{2}`
	path    = `/(?:(?:[!"$&-.0-~]|` + escape + `)(?:[!"$&-~]|` + escape + `)*)?`
	service = `(?:/[!-~]*)?`

	ProfileHandlerPattern = `^(?:` + path + `|https?:` + port + path + `|https:(?:` + path + `)?|tcp(?::` + port + `)?|grpc(?::` + port + `)?` + service + `)$`
)
