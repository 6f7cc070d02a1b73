// What tools/calls.py runs: exchanges through a module whose calls have counters, on a stand-in for Envoy that is only as good
// as this needs. Prints the counters.   node hot-calls.mjs MODULE FIRST_COUNTER_AT COUNTERS RUNS CONFIGURATION
import fs from 'fs';

const file = process.argv[2], [first, counters, runs] = process.argv.slice(3, 6).map(Number), configuration = process.argv[6];
const encode = text => new TextEncoder().encode(text);
const OK = 0, NOT_FOUND = 1;
const [REQUEST_BODY, RESPONSE_BODY, CONFIGURATION] = [0, 1, 7], [REQUEST_HEAD, RESPONSE_HEAD] = [0, 2];

const question = 'How does a penstock lead water to a turbine, and what is it made of? '.repeat(20)
  + '水圧鉄管は水を水車に導きます。'.repeat(4) + 'Write to ana@example.com or call +1 212 555 0123 about 3 of 14 pumps, v1.2, key=x. ';
const request = stream => encode(JSON.stringify({
  model: 'gpt-4.1', temperature: 0.2, max_completion_tokens: 512, stream,
  messages: [{ role: 'system', content: 'You answer questions about hydropower.' }, { role: 'user', content: question }],
}));
const usage = {
  prompt_tokens: 420, completion_tokens: 260, total_tokens: 680,
  prompt_tokens_details: { cached_tokens: 128, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
};
const common = { id: 'chatcmpl-0123456789', created: 1730000000, model: 'gpt-4.1-2025-04-14', system_fingerprint: 'fp_0123456789' };
const answer = encode(JSON.stringify({
  ...common, object: 'chat.completion', usage,
  choices: [{ index: 0, message: { role: 'assistant', content: question, refusal: null }, logprobs: null, finish_reason: 'stop' }],
}));
const event = encode(`data: ${JSON.stringify({
  ...common, object: 'chat.completion.chunk', usage: null,
  choices: [{ index: 0, delta: { content: ' penstock' }, logprobs: null, finish_reason: null }],
})}\n\n`);

// A map as proxy-wasm serialises it: the count, the lengths, the texts with a zero behind each; little endian.
function pairs(map) {
  const texts = Object.entries(map).flat().map(encode);
  const out = [...new Uint8Array(new Uint32Array([texts.length / 2, ...texts.map(text => text.length)]).buffer)];
  for (const text of texts) out.push(...text, 0);
  return new Uint8Array(out);
}
const asked = pairs({
  ':authority': 'llm.example', ':path': '/v1/chat/completions', ':method': 'POST', ':scheme': 'http',
  'content-type': 'application/json', 'accept': 'application/json', 'authorization': 'Bearer none', 'user-agent': 'OpenAI/Python 1.99.0',
  'x-stainless-lang': 'python', 'content-length': String(request(false).length), 'x-forwarded-proto': 'http', 'x-request-id': '3f1c7f9e',
});
const answered = type => pairs({ ':status': '200', 'content-type': type, 'x-envoy-upstream-service-time': '1', 'server': 'envoy' });

let module, clock = 1.73e18, metrics = 0;
const memory = () => new DataView(module.memory.buffer);
const buffers = { [CONFIGURATION]: encode(configuration) }, maps = { [REQUEST_HEAD]: asked };
const set = (at, value) => (memory().setUint32(at, value, true), OK);
function give(bytes, pointer, size) {
  if (!bytes) return NOT_FOUND;
  const at = module.proxy_on_memory_allocate(bytes.length);
  new Uint8Array(module.memory.buffer).set(bytes, at);
  return set(pointer, at) + set(size, bytes.length);
}
const host = {
  proxy_get_current_time_nanoseconds: at => (memory().setFloat64(at, (clock += 1000), true), OK),
  proxy_get_buffer_bytes: (kind, start, max, pointer, size) => give(buffers[kind], pointer, size),
  proxy_get_header_map_pairs: (kind, pointer, size) => give(maps[kind], pointer, size),
  proxy_get_property: (path, length, pointer, size) => give(encode('via_upstream'), pointer, size),
  proxy_get_shared_data: () => NOT_FOUND,
  proxy_define_metric: (kind, name, size, id) => set(id, ++metrics),
  environ_sizes_get: (count, size) => set(count, 0) + set(size, 0),
  args_sizes_get: (count, size) => set(count, 0) + set(size, 0),
};

const compiled = new WebAssembly.Module(fs.readFileSync(file)), imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(compiled)) (imports[from] ??= {})[name] = host[name] ?? (() => OK);
module = new WebAssembly.Instance(compiled, imports).exports;
(module._initialize ?? module._start)();
module.proxy_on_context_create(1, 0);
if (!module.proxy_on_configure(1, buffers[CONFIGURATION].length)) throw new Error('the configuration is refused');
new Uint32Array(module.memory.buffer, first, counters).fill(0);

function begin(id, stream) {
  module.proxy_on_context_create(id, 1);
  buffers[REQUEST_BODY] = request(stream);
  buffers[RESPONSE_BODY] = stream ? event : answer;
  maps[RESPONSE_HEAD] = answered(stream ? 'text/event-stream' : 'application/json');
  module.proxy_on_request_headers(id, 12, 0);
  module.proxy_on_request_body(id, buffers[REQUEST_BODY].length, 1);
  module.proxy_on_response_headers(id, 4, 0);
}
for (let id = 2; id < runs + 2; id++) {
  begin(id, false);
  module.proxy_on_response_body(id, answer.length, 1);
  module.proxy_on_log(id);
  module.proxy_on_delete(id);
}
begin(runs + 2, true);
for (let run = 0; run < runs; run++) module.proxy_on_response_body(runs + 2, event.length, 0);
console.log([...new Uint32Array(module.memory.buffer, first, counters)].join(' '));
