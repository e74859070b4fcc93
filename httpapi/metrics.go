package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

type countsAnswer struct{ Body Counts }

func (a *api) registerMetrics(r *routes) {
	register(r, huma.Operation{
		OperationID: "get-metrics",
		Method:      http.MethodGet,
		Path:        "/v1/metrics",
		Summary:     "What goes on",
		Tags:        []string{"metrics"},
	}, nil, func(context.Context, *struct{}) (*countsAnswer, error) {
		return &countsAnswer{a.sockets.Counts()}, nil
	})
}
