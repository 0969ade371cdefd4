// Command leadclient creates leads, reads them back, and waits until the suite tells of them over Kafka. It shows what a
// client of FinalMile does in Go; README.md of the protos has the rules behind it.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	leadsv1 "finalmile/leads/v1"

	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // without it healthCheckConfig is ignored
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	topic = "finalmile.leads.events.v1"
	// How long one call may take, its repeats included. Calls wait for a server that serves, so each needs a deadline.
	callTimeout = 20 * time.Second
	hearTimeout = 60 * time.Second
)

var (
	target        = flag.String("target", "127.0.0.1:7000", "the leads service; dns:///NAME:PORT uses every replica behind a name")
	tokenFile     = flag.String("token-file", "", "file with the bearer token; none for a server without a tokens file")
	serviceConfig = flag.String("service-config", "service_config.json", "the published service config")
	bootstrap     = flag.String("bootstrap", "127.0.0.1:9092", "Kafka, HOST:PORT,…")
	group         = flag.String("group", "example-go", "consumer group; it goes on where it stopped")
	leads         = flag.Int("leads", 1, "how many leads to create")
)

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "leadclient:", explain(err))
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	config, err := os.ReadFile(*serviceConfig)
	if err != nil {
		return err
	}
	connection, err := grpc.NewClient(*target,
		grpc.WithTransportCredentials(insecure.NewCredentials()), // credentials.NewTLS(…) where the server has TLS
		grpc.WithDefaultServiceConfig(string(config)),
		grpc.WithDisableServiceConfig()) // ours, and none that a name server has
	if err != nil {
		return err
	}
	defer connection.Close()
	if *tokenFile != "" {
		token, err := os.ReadFile(*tokenFile)
		if err != nil {
			return err
		}
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	client := leadsv1.NewLeadServiceClient(connection)
	created := map[string]time.Time{} // when its creation began, by the lead's name
	var last string
	for range *leads {
		begin := time.Now()
		lead, err := create(ctx, client)
		if err != nil {
			return err
		}
		last = lead.GetName()
		created[last] = begin
	}
	heard, repeats, err := hear(ctx, created)
	if err != nil {
		return err
	}
	if *leads == 1 {
		fmt.Printf("created %s, read it, heard LeadCreated after %.1f s\n", last, time.Since(created[last]).Seconds())
	} else {
		fmt.Printf("created %d leads, read them, heard %d LeadCreated, dropped %d repeats\n", len(created), heard, repeats)
	}
	return nil
}

// create makes a lead and reads it back. However often the call is repeated, its request_id makes it take effect once.
func create(ctx context.Context, client leadsv1.LeadServiceClient) (*leadsv1.Lead, error) {
	request := &leadsv1.CreateLeadRequest{
		Lead:      &leadsv1.Lead{Company: "Example", CompanyDomain: "example.com", LeadSource: "go-example"},
		RequestId: rand.Text(),
	}
	lead, err := call(ctx, client.CreateLead, request)
	if err != nil {
		return nil, err
	}
	return call(ctx, client.GetLead, &leadsv1.GetLeadRequest{Name: lead.GetName()})
}

// call repeats a call until its deadline. gRPC repeats by the service config as well, but no more than five times, and
// nothing that was answered in part.
func call[Request, Reply any](ctx context.Context, method func(context.Context, Request, ...grpc.CallOption) (Reply, error),
	request Request) (Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		reply, err := method(ctx, request)
		switch status.Code(err) {
		// A connection that breaks, or a replica that stops; which of them, differs from library to library.
		case codes.Unavailable, codes.Canceled, codes.Unknown, codes.Internal:
		default:
			return reply, err
		}
		select {
		case <-ctx.Done():
			return reply, err
		case <-time.After(wait/2 + mathrand.N(wait/2)):
		}
	}
}

// hear consumes the topic until it has heard LeadCreated of every lead in created: how many it heard of, and how many
// records it dropped because they had come before.
func hear(ctx context.Context, created map[string]time.Time) (heard, repeats int, err error) {
	ctx, cancel := context.WithTimeout(ctx, hearTimeout)
	defer cancel()
	consumer, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(*bootstrap, ",")...),
		kgo.ConsumerGroup(*group),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit())
	if err != nil {
		return 0, 0, err
	}
	defer consumer.Close()
	// Key -> the ce_sequence that was applied last. A program that acts on events keeps it in its store, together with
	// the effect.
	seen := map[string]int64{}
	waiting := map[string]bool{}
	for name := range created {
		waiting[name] = true
	}
	for len(waiting) > 0 {
		fetches := consumer.PollFetches(ctx)
		if ctx.Err() != nil {
			return heard, repeats, fmt.Errorf("%d leads were not heard of within %s", len(waiting), hearTimeout)
		}
		if err := fetches.Err(); err != nil {
			return heard, repeats, err
		}
		fetches.EachRecord(func(record *kgo.Record) {
			key, sequence, event := read(record)
			if event == nil {
				fmt.Fprintf(os.Stderr, "passed over: %s/%d offset %d is no lead event\n", record.Topic, record.Partition, record.Offset)
				return
			}
			if sequence <= seen[key] {
				repeats++
				return
			}
			seen[key] = sequence
			// The oneof is empty for events of a later version than our protos.
			if event.GetLeadCreated() == nil {
				return
			}
			if _, ours := created[key]; ours {
				heard++
				delete(waiting, key)
			}
		})
		// After the effect, never before: a crash repeats records and loses none.
		if err := consumer.CommitUncommittedOffsets(ctx); err != nil {
			return heard, repeats, err
		}
	}
	return heard, repeats, nil
}

// read takes key, sequence and message from a record; no message where it is no event, since anybody may write to a topic.
func read(record *kgo.Record) (key string, sequence int64, event *leadsv1.LeadEvent) {
	for _, header := range record.Headers {
		switch header.Key {
		case "ce_subject":
			key = string(header.Value)
		case "ce_sequence":
			sequence, _ = strconv.ParseInt(string(header.Value), 10, 64)
		}
	}
	event = &leadsv1.LeadEvent{}
	if key == "" || sequence < 1 || record.Value == nil || proto.Unmarshal(record.Value, event) != nil {
		return "", 0, nil
	}
	return key, sequence, event
}

// explain says what went wrong. The code tells whether to repeat a call, the reason what to do otherwise; the text is for
// people.
func explain(err error) string {
	failed, ok := status.FromError(err)
	if !ok {
		return err.Error()
	}
	reason := ""
	for _, detail := range failed.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			reason = " / " + info.GetReason()
		}
	}
	return fmt.Sprintf("%s%s: %s", failed.Code(), reason, failed.Message())
}
