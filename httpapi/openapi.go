package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/dokkerr/realtime/dokkerr"
)

const (
	schemas   = "#/components/schemas/"
	keyScheme = "serviceKey"
)

// register puts the routes on mux and returns the document that describes them.
func (a *api) register(mux humago.Mux, version string) *huma.OpenAPI {
	registry := huma.NewMapRegistry(schemas, huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[dokkerr.ID](), reflect.TypeFor[fullID]())
	registry.RegisterTypeAlias(reflect.TypeFor[dokkerr.Time](), reflect.TypeFor[instant]())
	routes := &routes{registry: registry, API: humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Dokkerr Realtime, the back end's side",
				Version:     version,
				Description: "What the back end tells the live service, and asks of it. Times are ISO 8601 in UTC, money is an integer in minor units, ids are UUIDs. Every answer other than 2xx has the form of ErrorAnswer; a write is answered 2xx only after its commit.",
			},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					keyScheme: {Type: "http", Scheme: "bearer", Description: "A service key. A user's token opens nothing here."},
				},
			},
			Security: []map[string][]string{{keyScheme: {}}},
		},
		Formats:       map[string]huma.Format{"application/json": {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: decode}},
		DefaultFormat: "application/json",
	})}
	a.registerBookings(routes)
	a.registerPayments(routes)
	a.registerNotifications(routes)
	a.registerEvents(routes)
	a.registerUsers(routes)
	a.registerPersonalData(routes)
	a.registerMetrics(routes)
	routes.describeOpen()
	return routes.OpenAPI()
}

// routes is where operations are registered.
type routes struct {
	huma.API
	registry huma.Registry
}

// everyRoutes are the errors of any request: of its body, key and origin, and of ours.
var everyRoutes = []dokkerr.Code{
	dokkerr.ValidationError, dokkerr.AuthError, dokkerr.Forbidden, dokkerr.PayloadTooLarge, dokkerr.InternalError,
}

// register adds an operation with the errors it may answer beside those of every route. Errors of handle become the
// contract's; those that are not for callers are logged under the request's id.
func register[In, Out any](r *routes, op huma.Operation, codes []dokkerr.Code, handle func(context.Context, *In) (*Out, error)) {
	op.MaxBodyBytes = -1    // withBody has read it,
	op.BodyReadTimeout = -1 // in time
	op.Responses = r.failures(append(codes, everyRoutes...))
	huma.Register(r.API, op, func(ctx context.Context, in *In) (*Out, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, told(ctx, err)
		}
		return out, nil
	})
}

// told is what the caller hears of an error.
func told(ctx context.Context, err error) error {
	if answer, ok := answerTo(err); ok {
		return answer
	}
	q := requestOf(ctx)
	q.log.Error("request failed", "request", q.id, "error", err)
	return q.internal()
}

// failures documents the statuses of codes.
func (r *routes) failures(codes []dokkerr.Code) map[string]*huma.Response {
	form := r.registry.Schema(reflect.TypeFor[errorAnswer](), true, "")
	responses := make(map[string]*huma.Response, len(codes))
	slices.Sort(codes)
	for _, code := range codes {
		status := strconv.Itoa(statusOf[code])
		if said := responses[status]; said != nil {
			said.Description += ", " + string(code)
			continue
		}
		responses[status] = &huma.Response{
			Description: string(code),
			Content:     map[string]*huma.MediaType{"application/json": {Schema: form}},
		}
	}
	return responses
}

// describeOpen documents the routes that anyone may ask and huma does not serve.
func (r *routes) describeOpen() {
	for path, summary := range map[string]string{
		"/healthz":      "Whether the process lives: 200, with the word degraded while writes are refused, as on a full disk. No data.",
		"/readyz":       "Whether new work should come here: 200, or 503 while it starts or stops. No data.",
		"/openapi.json": "This document.",
	} {
		r.OpenAPI().AddOperation(&huma.Operation{
			OperationID: "get-" + path[1:],
			Method:      http.MethodGet,
			Path:        path,
			Summary:     summary,
			Tags:        []string{"open"},
			Security:    []map[string][]string{},
			Responses:   map[string]*huma.Response{"200": {Description: "OK"}},
		})
	}
}

func serveDocument(document *huma.OpenAPI) http.Handler {
	text, err := json.Marshal(document)
	if err != nil {
		panic("httpapi: the OpenAPI document: " + err.Error()) // it is the same at every start
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		// Of an error here only the connection knows, and it is gone.
		_, _ = w.Write(text)
	})
}
