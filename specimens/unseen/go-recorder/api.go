package main

import (
	"encoding/json"
	"net/http"
	_ "net/http/pprof" // operators profile it in production
	"strconv"

	"github.com/julienschmidt/httprouter"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/hlog"
)

type api struct {
	site *site
}

func routes(site *site, log zerolog.Logger) http.Handler {
	a := &api{site: site}
	router := httprouter.New()
	router.GET("/healthz", func(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) { w.WriteHeader(http.StatusOK) })
	router.Handler(http.MethodGet, "/debug/pprof/*profile", http.DefaultServeMux)
	router.GET("/cameras/:camera", withCamera(a.camera))
	router.GET("/cameras/:camera/timeline", withCamera(a.timeline))
	router.POST("/cameras/:camera/marks", withCamera(a.mark))
	return hlog.NewHandler(log)(router)
}

// withCamera reads which camera a request is about, or answers that there is no such camera.
func withCamera(handle func(http.ResponseWriter, *http.Request, int)) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, params httprouter.Params) {
		camera, err := strconv.Atoi(params.ByName("camera"))
		if err != nil || camera < 0 || camera >= cameras {
			http.Error(w, "no such camera", http.StatusNotFound)
			return
		}
		handle(w, r, camera)
	}
}

func (a *api) camera(w http.ResponseWriter, _ *http.Request, camera int) {
	answer(w, http.StatusOK, a.site.camera(camera))
}

func (a *api) timeline(w http.ResponseWriter, r *http.Request, camera int) {
	hour, err := strconv.Atoi(r.FormValue("hour"))
	if err != nil || hour < 0 || hour > 23 {
		http.Error(w, "days have 24 hours", http.StatusBadRequest)
		return
	}
	answer(w, http.StatusOK, a.site.timeline(camera, hour))
}

func (a *api) mark(w http.ResponseWriter, r *http.Request, camera int) {
	guard, err := strconv.Atoi(r.FormValue("guard"))
	if err != nil {
		http.Error(w, "who is it?", http.StatusBadRequest)
		return
	}
	mark, err := a.site.mark(camera, guard, r.FormValue("reason"))
	if err != nil {
		hlog.FromRequest(r).Error().Err(err).Int("camera", camera).Msg("mark")
		http.Error(w, "not marked, call the control room", http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusCreated, mark)
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// An error here means that the client has gone: nobody is left to be told.
	_ = json.NewEncoder(w).Encode(value)
}
