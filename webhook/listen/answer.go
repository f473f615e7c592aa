package listen

import "net/http"

// answer is the answer to one request. Before its first byte it is decided whether the client may stay: it is told with
// the answer if not, so that nothing of what it sends next is lost.
type answer struct {
	http.ResponseWriter
	c     *connection
	begun bool
}

// WriteHeader begins the answer.
func (a *answer) WriteHeader(status int) {
	if !a.begun && status >= http.StatusOK {
		a.begun = true
		a.decide(status)
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if !a.begun {
		a.WriteHeader(http.StatusOK)
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// decide asks the client to go if what it sends is wrong, or if there is no room for one more regular.
func (a *answer) decide(status int) {
	wrong := status >= http.StatusBadRequest && status < http.StatusInternalServerError
	switch {
	case a.Header().Get("Connection") == "close":
		return
	case wrong:
	case a.c.room.stay(a.c):
		return
	default:
		a.c.room.closed(reasonNoRoomToStay)
	}
	a.Header().Set("Connection", "close")
}
