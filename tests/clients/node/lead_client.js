// Creates leads, reads them back, and waits until the suite tells of them over Kafka: node lead_client.js --help. It shows
// what a client of FinalMile does in Node.js; README.md of the protos has the rules behind it. The protos are loaded when it
// starts: nothing is generated.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import { Kafka, logLevel } from "kafkajs";

const TOPIC = "finalmile.leads.events.v1";
// How long one call may take, its repeats included. Calls wait for a server that serves, so each needs a deadline.
const CALL_MS = 20_000;
const HEAR_MS = 60_000;

const { values: options } = parseArgs({
  options: {
    target: { type: "string", default: "127.0.0.1:7000" }, // dns:///NAME:PORT uses every replica behind a name
    "token-file": { type: "string" },
    "service-config": { type: "string", default: "service_config.json" },
    protos: { type: "string", default: "proto" },
    bootstrap: { type: "string", default: "127.0.0.1:9092" },
    group: { type: "string", default: "example-node" },
    leads: { type: "string", default: "1" },
  },
});

const definition = protoLoader.loadSync(
  ["finalmile/leads/v1/lead_service.proto", "finalmile/leads/v1/lead_event.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"],
  { includeDirs: [options.protos], keepCase: true, longs: String, enums: String, oneofs: true },
);
// A connection that breaks, or a replica that stops; which of them, differs from library to library.
const REPEATED = new Set([grpc.status.UNAVAILABLE, grpc.status.CANCELLED, grpc.status.UNKNOWN, grpc.status.INTERNAL]);
const { finalmile } = grpc.loadPackageDefinition(definition);
const parse = (type, bytes) => definition[type].deserialize(bytes);

function newClient() {
  return new finalmile.leads.v1.LeadService(
    options.target,
    grpc.credentials.createInsecure(), // createSsl() where the server has TLS
    {
      // grpc-js 1.14 checks no health and takes waitForReady from the call alone; the rest of the config holds.
      "grpc.service_config": readFileSync(options["service-config"], "utf8"),
      "grpc.service_config_disable_resolution": 1,
    },
  );
}

/** A promise of the reply of a unary call. */
function once(client, method, request, deadline) {
  const metadata = new grpc.Metadata({ waitForReady: true });
  if (options["token-file"]) metadata.set("authorization", `Bearer ${readFileSync(options["token-file"], "utf8").trim()}`);
  return new Promise((resolve, reject) => {
    client[method](request, metadata, { deadline }, (error, reply) => (error ? reject(error) : resolve(reply)));
  });
}

/**
 * Repeats a call until its deadline. gRPC repeats by the service config as well, but no more than five times, and nothing
 * that was answered in part.
 */
async function call(client, method, request) {
  const deadline = Date.now() + CALL_MS;
  for (let wait = 100; ; wait = Math.min(2 * wait, 2000)) {
    try {
      return await once(client, method, request, deadline);
    } catch (error) {
      if (!REPEATED.has(error.code) || Date.now() + wait > deadline) throw error;
    }
    await sleep(wait * (0.5 + Math.random() / 2));
  }
}

/** Makes a lead and reads it back. However often the call is repeated, its request_id makes it take effect once. */
async function create(client) {
  const lead = { company: "Example", company_domain: "example.com", lead_source: "node-example" };
  const { name } = await call(client, "CreateLead", { lead, request_id: randomUUID() });
  return (await call(client, "GetLead", { name })).name;
}

/** Key, sequence and message of a record; null where it is no event, since anybody may write to a topic. */
function read(record) {
  const key = record.headers?.ce_subject?.toString();
  const sequence = Number(record.headers?.ce_sequence?.toString());
  if (!key || !(sequence >= 1) || !record.value) return null;
  try {
    return { key, sequence, event: parse("finalmile.leads.v1.LeadEvent", record.value) };
  } catch {
    return null;
  }
}

/**
 * Consumes the topic until it has heard LeadCreated of every lead in `created`: how many it heard of, and how many records it
 * dropped because they had come before.
 */
async function hear(created) {
  const kafka = new Kafka({ clientId: "lead-client", brokers: options.bootstrap.split(","), logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: options.group });
  // Key -> the ce_sequence that was applied last. A program that acts on events keeps it in its store, together with the
  // effect.
  const seen = new Map();
  const waiting = new Set(created.keys());
  const count = { heard: 0, repeats: 0 };
  const apply = (partition, record) => {
    const found = read(record);
    if (!found) {
      console.error(`passed over: ${TOPIC}/${partition} offset ${record.offset} is no lead event`);
      return;
    }
    if (found.sequence <= (seen.get(found.key) ?? 0)) {
      count.repeats += 1;
      return;
    }
    seen.set(found.key, found.sequence);
    // `event` is undefined for events of a later version than our protos.
    if (found.event.event === "lead_created" && created.has(found.key)) {
      count.heard += 1;
      waiting.delete(found.key);
    }
  };
  await consumer.connect();
  try {
    await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
    await new Promise((resolve, reject) => {
      const alarm = setTimeout(() => reject(new Error(`${waiting.size} leads were not heard of within ${HEAR_MS / 1000} s`)), HEAR_MS);
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      consumer.run({
        // Offsets are committed after this has returned, never before: a crash repeats records and loses none.
        eachMessage: async ({ partition, message }) => {
          apply(partition, message);
          if (waiting.size === 0) {
            clearTimeout(alarm);
            resolve();
          }
        },
      }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return count;
}

/** The code tells whether to repeat a call, the reason what to do otherwise; the text is for people. */
function explain(error) {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  const details = bytes ? parse("google.rpc.Status", bytes).details : [];
  const info = details.find((each) => each.type_url.endsWith("/google.rpc.ErrorInfo"));
  const reason = info ? ` / ${parse("google.rpc.ErrorInfo", info.value).reason}` : "";
  return error.code in grpc.status ? `${grpc.status[error.code]}${reason}: ${error.details}` : error.message;
}

async function main() {
  const client = newClient();
  const created = new Map(); // when its creation began, by the lead's name
  let last;
  for (let left = Number(options.leads); left > 0; left -= 1) {
    const begin = Date.now();
    last = await create(client);
    created.set(last, begin);
  }
  client.close();
  const { heard, repeats } = await hear(created);
  const seconds = ((Date.now() - created.get(last)) / 1000).toFixed(1);
  console.log(created.size === 1
    ? `created ${last}, read it, heard LeadCreated after ${seconds} s`
    : `created ${created.size} leads, read them, heard ${heard} LeadCreated, dropped ${repeats} repeats`);
}

main().then(() => process.exit(0), (error) => {
  console.error(`lead_client: ${explain(error)}`);
  process.exit(1);
});
