// What hostile and broken clients send, as data, with what becomes of it. `row` is the row of the list of attacks that an
// input belongs to, or the part of the protocol that refuses it.
//
// The server is mode `socket` without authentication: a library user's server with the official limits. Its origins are
// those of `origins`.
import { closePayload, frame, op } from './frames.js';

export const maxPayload = 100_000;
export const origins = ['https://app.example.com:8443', 'capacitor://localhost'];

const deep = (levels, open, close, inside = '') => open.repeat(levels) + inside + close.repeat(levels);
const placeholder = (num) => `{"_placeholder":true,"num":${num}}`;
const bytes = Buffer.from([1, 2, 3]);

const refused = (code, message) => ({ status: 400, body: `{"code":${code},"message":"${message}"}` });
const unknownTransport = refused(0, 'Transport unknown');
const unknownSession = refused(1, 'Session ID unknown');
const badHandshakeMethod = refused(2, 'Bad handshake method');
const badRequest = refused(3, 'Bad request');
const unsupportedVersion = refused(5, 'Unsupported protocol version');
const forbidden = { status: 403, body: '{"code":4,"message":"Forbidden"}' };

/**
 * Requests and their answers. SID is the id of an open session on polling, MOVED of one that an upgrade has moved. With `upgrade` the
 * request asks for a WebSocket. A session named lives on unless `ends`.
 */
export const requests = [
  ...['', 'EIO=4', 'EIO=4&transport=', 'EIO=4&transport=foo', 'EIO=4&transport=Polling', 'EIO=4&transport=webtransport', 'EIO=4&transport=__proto__',
    'EIO=4&transport=constructor', 'EIO=4&transport=polling&transport=websocket', 'EIO=3&transport=foo&sid=nope', 'EIO=4&transport=foo&sid=SID', 'EIO=4&transport=webtransport&sid=__proto__'].flatMap((query) => [
    { row: 'A-07', query, answer: unknownTransport },
    { row: 'A-07', query, upgrade: true, answer: unknownTransport },
  ]),

  ...['nope', '__proto__', 'constructor', 'toString', 'SIDx', '', 'AAAAAAAAAAAAAAAAAAAA', '%00', 'SID&sid=SID', 'a'.repeat(10_000)].flatMap((sid) => [
    { row: 'A-13', query: `EIO=4&transport=polling&sid=${sid}`, answer: unknownSession },
    { row: 'A-13', query: `EIO=4&transport=polling&sid=${sid}`, method: 'POST', content: '4x', answer: unknownSession },
    { row: 'A-13', query: `EIO=4&transport=websocket&sid=${sid}`, upgrade: true, answer: unknownSession },
  ]),

  ...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => ({ row: 'method', method, query: 'EIO=4&transport=polling', answer: badHandshakeMethod })),
  { row: 'method', method: 'POST', upgrade: true, query: 'EIO=4&transport=websocket', answer: badHandshakeMethod },
  ...['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'].map((method) => ({ row: 'method', method, query: 'EIO=4&transport=polling&sid=SID', answer: { status: 405 } })),

  ...['transport=polling', 'EIO=&transport=polling', 'EIO=3&transport=polling', 'EIO=5&transport=polling', 'EIO=44&transport=polling', 'EIO=4&EIO=4&transport=polling', 'EIO=__proto__&transport=polling'].map((query) => (
    { row: 'version', query, answer: unsupportedVersion })),
  ...['transport=websocket', 'EIO=3&transport=websocket', 'EIO=5&transport=websocket'].map((query) => ({ row: 'version', query, upgrade: true, answer: unsupportedVersion })),

  ...['EIO=3', 'EIO=5', 'EIO=abc', ''].flatMap((eio) => [
    { row: 'A-14', query: `${eio}&transport=polling&sid=SID`, answer: badRequest },
    { row: 'A-14', query: `${eio}&transport=polling&sid=SID`, method: 'POST', content: '4x', answer: badRequest },
    { row: 'A-14', query: `${eio}&transport=websocket&sid=SID`, upgrade: true, answer: badRequest },
  ]),

  { row: 'transport', query: 'EIO=4&transport=websocket', answer: badRequest },
  { row: 'transport', query: 'EIO=4&transport=websocket&sid=SID', answer: badRequest },
  { row: 'transport', query: 'EIO=4&transport=websocket&sid=SID', method: 'POST', content: '4x', answer: badRequest },
  { row: 'transport', query: 'EIO=4&transport=polling&sid=SID', upgrade: true, answer: badRequest },
  { row: 'transport', query: 'EIO=4&transport=polling', upgrade: true, answer: badRequest },
  { row: 'transport', query: 'EIO=4&transport=polling&sid=MOVED', answer: badRequest },
  { row: 'transport', query: 'EIO=4&transport=polling&sid=MOVED', method: 'POST', content: '4x', answer: badRequest },
  { row: 'A-88', query: 'EIO=4&transport=websocket&sid=MOVED', upgrade: true, answer: badRequest },

  ...[
    ['Upgrade', 'h2c'],
    ['Upgrade', 'websocketx'],
    ['Upgrade', 'h2c, foo'],
    ['Connection', 'close'],
    ['Connection', null],
    ['Sec-WebSocket-Key', null],
    ['Sec-WebSocket-Key', ''],
    ['Sec-WebSocket-Key', 'short'],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZX=='.repeat(2)],
    ['Sec-WebSocket-Key', '!!!!!!!!!!!!!!!!!!!!!!=='],
  ].flatMap((header) => [
    { row: 'A-06', query: 'EIO=4&transport=websocket', upgrade: true, headers: [header], answer: badRequest },
    { row: 'A-06', query: 'EIO=4&transport=websocket&sid=SID', upgrade: true, headers: [header], answer: badRequest },
  ]),
  { row: 'A-61', query: 'EIO=4&transport=polling', headers: [['Connection', 'Upgrade, HTTP2-Settings'], ['Upgrade', 'h2c'], ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA']], answer: badRequest },
  ...['8', '7', '12', '14', '', '13, 8', 'x', null].map((version) => (
    { row: 'A-06', query: 'EIO=4&transport=websocket', upgrade: true, headers: [['Sec-WebSocket-Version', version]], answer: { status: 426, header: ['sec-websocket-version', '13'] } })),

  ...['constructor', '"', 'permessage-deflate; x="', ',,,,', 'permessage-deflate;;;', 'permessage-deflate; server_max_window_bits=99', 'permessage-deflate', 'x'.repeat(8192), '; '.repeat(4096), 'permessage-deflate, '.repeat(400)].map((offer) => (
    { row: 'A-23', query: 'EIO=4&transport=websocket', upgrade: true, headers: [['Sec-WebSocket-Extensions', offer]], answer: { status: 101, header: ['sec-websocket-extensions', null] } })),
  { row: 'A-24', query: 'EIO=4&transport=websocket', upgrade: true, headers: [['Sec-WebSocket-Protocol', `b${' '.repeat(32_000)}x`]], answer: { status: 101, header: ['sec-websocket-protocol', null] } },
  { row: 'A-25', query: 'EIO=4&transport=websocket', upgrade: true, headers: Array.from({ length: 2000 }, (_, i) => [`X-${i}`, 'y']), answer: { status: 101 } },
  { row: 'A-25', query: 'EIO=4&transport=polling', headers: [['X-Large', 'y'.repeat(2_000_000)]], answer: { status: 431 } },

  ...['http://app.example.com:8443', 'https://app.example.com', 'https://app.example.com:443', 'https://sub.app.example.com:8443', 'https://app.example.com.evil.test:8443',
    'https://evilapp.example.com:8443', 'https://APP.example.com:8443', 'https://app.example.com.:8443', 'https://app.example.com:8443/', 'https://user@app.example.com:8443', 'app.example.com:8443', 'null', 'file://',
    'https://evil.test', 'https://xn--app-exmple-c7a.com:8443', 'capacitor://localhost:80', '*', `https://${'a'.repeat(100_000)}`].flatMap((origin) => [
    { row: 'A-36', query: 'EIO=4&transport=polling', headers: [['Origin', origin]], answer: { ...forbidden, header: ['access-control-allow-origin', null] } },
    { row: 'A-36', query: 'EIO=4&transport=websocket', upgrade: true, headers: [['Origin', origin]], answer: forbidden },
    { row: 'A-36', query: 'EIO=4&transport=polling&sid=SID', method: 'POST', content: '4x', headers: [['Origin', origin]], answer: forbidden },
    { row: 'A-36', query: 'EIO=4&transport=websocket&sid=SID', upgrade: true, headers: [['Origin', origin]], answer: forbidden },
    { row: 'A-36', query: 'EIO=4&transport=polling', method: 'OPTIONS', headers: [['Origin', origin], ['Access-Control-Request-Method', 'POST']], answer: { status: 403, header: ['access-control-allow-origin', null] } },
  ]),
  { row: 'A-36', query: 'EIO=4&transport=polling', headers: [['Origin', origins[0]], ['Origin', origins[0]]], answer: forbidden },
  { row: 'A-36', query: 'EIO=4&transport=polling', headers: [['Origin', origins[0]], ['Origin', 'https://evil.test']], answer: forbidden },
  { row: 'A-36', query: 'EIO=4&transport=websocket', upgrade: true, headers: [['Origin', 'https://evil.test'], ['Origin', origins[0]]], answer: forbidden },
  ...['http://a\tb', '\thttps://x'].map((origin) => ({ row: 'A-36', query: 'EIO=4&transport=polling', headers: [['Origin', origin]], answer: { status: origin.startsWith('\t') ? 403 : 400 } })),
  ...['http://a\x01b', 'http://a\x7fb'].map((origin) => ({ row: 'A-36', query: 'EIO=4&transport=polling', headers: [['Origin', origin]], answer: { status: 400 } })),

  ...origins.flatMap((origin) => [
    { row: 'A-02', query: 'EIO=4&transport=polling', headers: [['Origin', origin]], answer: { status: 200, header: ['access-control-allow-origin', origin] } },
    { row: 'A-02', query: 'EIO=4&transport=polling', headers: [['Origin', origin]], answer: { status: 200, header: ['access-control-allow-credentials', 'true'] } },
    { row: 'A-02', query: 'EIO=4&transport=polling', headers: [['Origin', origin]], answer: { status: 200, header: ['vary', 'Origin'] } },
    { row: 'A-02', query: 'EIO=4&transport=polling&sid=nope', headers: [['Origin', origin]], answer: { ...unknownSession, header: ['access-control-allow-origin', origin] } },
    { row: 'A-02', query: 'EIO=4&transport=polling', method: 'OPTIONS', headers: [['Origin', origin], ['Access-Control-Request-Method', 'POST'], ['Access-Control-Request-Headers', 'x-a, x-b']], answer: { status: 204, header: ['access-control-allow-headers', 'x-a, x-b'] } },
    { row: 'A-02', query: 'EIO=4&transport=polling', method: 'OPTIONS', headers: [['Origin', origin], ['Access-Control-Request-Method', 'POST']], answer: { status: 204, header: ['access-control-allow-methods', 'GET,HEAD,PUT,PATCH,POST,DELETE'] } },
    { row: 'A-36', query: 'EIO=4&transport=websocket', upgrade: true, headers: [['Origin', origin]], answer: { status: 101 } },
  ]),
  { row: 'A-02', query: 'EIO=4&transport=polling', answer: { status: 200, header: ['access-control-allow-origin', null] } },

  ...['application/octet-stream', 'APPLICATION/OCTET-STREAM', 'application/octet-stream; x=y'].map((type) => (
    { row: 'A-12', query: 'EIO=4&transport=polling&sid=SID', method: 'POST', headers: [['Content-Type', type]], content: '4x', ends: true, answer: badRequest })),
  { row: 'A-03', query: 'EIO=4&transport=polling&sid=SID', method: 'POST', content: `4${'x'.repeat(maxPayload)}`, ends: true, answer: { status: 413 } },
  { row: 'A-03', query: 'EIO=4&transport=polling&sid=SID', method: 'POST', headers: [['Content-Length', '104857600']], content: '4x', ends: true, answer: { status: 413 } },
  { row: 'A-03', query: 'EIO=4&transport=polling&sid=SID', method: 'POST', headers: [['Content-Length', '9223372036854775807']], content: '4x', ends: true, answer: { status: 413 } },
  { row: 'A-03', query: 'EIO=4&transport=polling&sid=SID', method: 'POST', headers: [['Transfer-Encoding', 'chunked'], ['Content-Length', null]], content: `61A80\r\n${'x'.repeat(400_000)}\r\n`, ends: true, answer: { status: 413 } },
];

/** Bytes instead of a request, and what comes back: a status, or nothing but the end. The connection is closed in any case. */
export const streams = [
  ...['GET http://evil.test/socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: evil.test', 'GET HTTPS://evil.test/socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: HOST', 'GET evil.test:80 HTTP/1.1\r\nHost: HOST',
    'GET //evil.test/socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: HOST', 'CONNECT evil.test:80 HTTP/1.1\r\nHost: HOST'].map((head) => (
    { row: 'A-37', bytes: `${head}\r\nConnection: close\r\n\r\n`, status: [400, 404] })),
  ...['Host: a b', 'Host: a\r\nHost: b', 'X-No-Host: 1', 'Host: \x00'].map((header) => ({ row: 'A-37', bytes: `GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n${header}\r\nConnection: close\r\n\r\n`, status: [400] })),

  { row: 'A-60', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00', status: [400, 404, 505] },
  { row: 'A-61', bytes: 'PRI * HTTP/2.0\r\n\r\n', status: [400, 404, 505] },
  { row: 'A-62', bytes: 'POST /socket.io/?EIO=4&transport=polling&sid=SID HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n2\n4x\r\n0\r\n\r\n', status: [400] },
  { row: 'A-62', bytes: 'POST /socket.io/?EIO=4&transport=polling&sid=SID HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n4x\r\n0\r\n\r\n', status: [400] },
  { row: 'A-62', bytes: 'POST /socket.io/?EIO=4&transport=polling&sid=SID HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n4x\r\n', status: [400] },
  { row: 'A-62', bytes: `POST /socket.io/?EIO=4&transport=polling&sid=SID HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n${`1;${'x'.repeat(3000)}\r\n4\r\n`.repeat(50)}0\r\n\r\n`, status: [400] },
  { row: 'A-62', bytes: 'POST /socket.io/?EIO=4&transport=polling&sid=SID HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: xchunked\r\n\r\n2\r\n4x\r\n0\r\n\r\n', status: [501] },
  { row: 'A-62', bytes: 'POST /socket.io/?EIO=4&transport=polling&sid=SID HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n4x\r\n0\r\n\r\n', status: [400, 501] },
  ...['-1', '+2', '2,3', '0x2', '99999999999999999999', '2\r\nContent-Length: 3', '1e1'].map((length) => (
    { row: 'A-62', bytes: `POST /socket.io/?EIO=4&transport=polling&sid=SID HTTP/1.1\r\nHost: HOST\r\nContent-Length: ${length}\r\n\r\n4x`, status: [400] })),
  ...['GET', 'GET /', 'GET / HTTP/1.1', 'GET / HTTP/9.9', 'G\x00T / HTTP/1.1', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03', '\x00\x00\x00\x00'].map((line) => ({ row: 'A-62', bytes: `${line}\r\n\r\n`, status: [400, 505] })),
  { row: 'A-62', bytes: 'GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: HOST\r\nBad Header: x\r\n\r\n', status: [400] },
  { row: 'A-62', bytes: 'GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: HOST\r\nX: a\r\n b\r\nContent Length: 5\r\n\r\n', status: [400] },
];

/**
 * What a joined client sends as messages: text packets of Engine.IO, and Buffers that are binary. Each input ends the session: over
 * polling, over WebSocket, or over the one that `only` names. `joined: false` has it sent before any CONNECT.
 */
export const ending = [
  { row: 'engine', what: 'no packet', inputs: ['', '7', '9', 'a', 'x4', ' 4x', '-1', '\u0000', 'é', '٤x', '{"a":1}'] },
  { row: 'engine', what: 'a ping of the client', inputs: ['2', '2probe', '2x'] },
  { row: 'engine', what: 'close', inputs: ['1', '1x'] },
  { row: 'engine', what: 'no payload', only: 'polling', inputs: ['\x1e', '3\x1e', '\x1e3', '3\x1e\x1e3', '3\x1e3\x1e', '3\x1ex'] },
  { row: 'engine', what: 'no base64', only: 'polling', inputs: ['b!', 'bA', 'bAQ', 'bAQI', 'bAQ=', 'bAR==', 'bAQ==x', 'b AQ==', 'bAQ\n==', 'b-_-_', '3\x1ebA'] },
  { row: 'engine', what: 'text that is not UTF-8', only: 'polling', raw: true, inputs: [Buffer.from([0x34, 0xff]), Buffer.from([0x34, 0xed, 0xa0, 0x80]), Buffer.from([0x34, 0xc0, 0x80]), Buffer.from([0x34, 0xe2, 0x82])] },
  { row: 'engine', what: 'base64 on a WebSocket', only: 'websocket', inputs: ['bAQID'] },

  { row: 'socket', what: 'no type', inputs: ['4', '47', '47["x"]', '49', '4a', '4"x"', '4-', '4 ', '4/', '4\u0000', '4٢["x"]', '4[', '4abc'] },
  { row: 'socket', what: 'broken JSON', inputs: ['42[', '42["x"', '42["x",', '42["x",]', '42["x" 1]', '42["x",,1]', "42['x']", '42[x]', '42["x",{]', '42["x",{"a"}]', '42["x",{"a":}]', '42["x",{"a":1,}]', '42["x",{a:1}]', '42["x",nul]',
    '42["x",NaN]', '42["x",Infinity]', '42["x",undefined]', '42["x",01]', '42["x",+1]', '42["x",1.]', '42["x",.5]', '42["x",1e]', '42["x",0x1]', '42["x]', '42["\\x"]', '42["\\u12"]', '42["a\nb"]', '42["a\u0000b"]', '42\ufeff["x"]', '431[', '42]', '42,'] },
  { row: 'socket', what: 'text behind the JSON', inputs: ['42["x"]x', '42["x"]]', '42["x"]["y"]', '42["x"],', '431[]1', '42["x"]\u0000'] },
  { row: 'socket', what: 'an EVENT that is no array', inputs: ['42{}', '42"x"', '42null', '42true', '421 2', '42{"0":"x"}', '42[]', '42[ ]', '421[]'] },
  { row: 'A-09', what: 'an event name that is neither string nor number', inputs: ['42[{"toString":"foo"}]', '42[true]', '42[false]', '42[null]', '42[{}]', '42[[]]', '42[["x"]]', '421[null,1]', '42[{"x":"x"},"x"]'] },
  { row: 'socket', what: 'a reserved event name', inputs: ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener', 'conn\\u0065ct'].flatMap((name) => [`42["${name}"]`, `421["${name}",{}]`, [`451-["${name}",${placeholder(0)}]`, bytes]]) },
  { row: 'socket', what: 'an ACK that is no array', inputs: ['431{}', '431"x"', '431null', '43{}'] },
  { row: 'A-78', what: 'an ack id that is no number that JavaScript can hold', inputs: ['42a["x"]', '42-1["x"]', '42+1["x"]', '421.5["x"]', '421e1["x"]', '420x1["x"]', '42٣["x"]', '421 2["x"]', '429007199254740992["x"]', '4299999999999999999999["x"]', `42${'9'.repeat(400)}["x"]`, `43${'0'.repeat(20)}[]`] },
  { row: 'A-04', what: 'nothing but digits', inputs: [`42${'2'.repeat(maxPayload - 2)}`, `45${'2'.repeat(maxPayload - 2)}`, `45${'0'.repeat(50_000)}1-["x"]`, `43${'1'.repeat(50_000)}[]`, `42/${'2'.repeat(maxPayload - 3)}`] },
  { row: 'A-83', what: 'a second CONNECT', inputs: ['40', '40{}', '40/,', '40{"token":"x"}'] },
  { row: 'A-83', what: 'a CONNECT payload that is no object', inputs: ['40[]', '40"x"', '40null', '40true', '401 1', '40/custom,[]', '40/custom,"x"', '40{', '40{}x', '40abc'] },
  { row: 'A-83', what: 'a CONNECT payload that is no object, for a start', joined: false, inputs: ['40[]', '40"x"', '40null', '40{', '40{}{}', '40/custom,[]'] },
  { row: 'A-83', what: 'an event before CONNECT', joined: false, inputs: ['42["message"]', '42/custom,["message"]', '421["message"]', '430[]', '41', '42', '43', ['451-["message",{"_placeholder":true,"num":0}]', bytes]] },
  { row: 'A-83', what: 'a packet for a namespace that is not joined', inputs: ['42/custom,["message"]', '42/random,["message"]', '43/custom,1[]', '41/custom', '41/custom,', '42/__proto__,["x"]'] },
  { row: 'A-83', what: 'a CONNECT_ERROR', inputs: ['44', '44{}', '44{"message":"x"}', '44"x"', '44/custom,{"message":"x"}'] },
  { row: 'A-83', what: 'a DISCONNECT with payload', inputs: ['41{}', '41[]', '41""', '41null', '41["x"]', '41/custom,{}'] },

  { row: 'A-15', what: 'a count of attachments that is none', inputs: ['45', '46', '45["x"]', '45-["x"]', '45-', '451', '451["x"]', '45a-["x"]', '451a-["x"]', '451.5-["x"]', '451.0-["x"]', '451e1-["x"]', '45-1-["x"]', '45+1-["x"]', '450x1-["x"]', '45 1-["x"]', '451 -["x"]', '450-["x"]', '450-', '460-1[]', '461.5-1[]', '45/,1-["x"]'] },
  { row: 'A-11', what: 'more attachments than ten', inputs: ['4511-["x"]', '4511-', '451000000-["x"]', '45999999999999999999999-["x"]', '4611-1[]'] },
  { row: 'A-08', what: 'a placeholder for no attachment', inputs: [...['"splice"', '"0"', '-1', '1.5', '0.5', '1', '5', '99999999999999999999', '18446744073709551616', '{}', '[0]', 'null', 'true', '0e0', '-0', '0.0'].map((num) => [`451-["message",${placeholder(num)}]`, bytes]),
    ['451-["message",{"_placeholder":true}]', bytes], ['451-["message",{"_\\u0070laceholder":true,"num":1}]', bytes], [`451-["message",[[{"a":${placeholder(1)}}]]]`, bytes], [`461-1[${placeholder(1)}]`, bytes], [`451-["message",${Array(11).fill(placeholder(0)).join()}]`, bytes]] },
  { row: 'socket', what: 'text while attachments are due', inputs: [['451-["message",{"_placeholder":true,"num":0}]', '42["message"]'], ['452-["message",{"_placeholder":true,"num":0}]', bytes, '40'], ['451-["message"]', '451-["message"]']] },
  { row: 'socket', what: 'binary that nobody announced', inputs: [bytes, Buffer.alloc(0), Buffer.alloc(10_000), ['451-["message",{"_placeholder":true,"num":0}]', bytes, bytes]] },
  { row: 'A-11', what: 'attachments larger than a message may be', inputs: [[`452-["message",${placeholder(0)},${placeholder(1)}]`, Buffer.alloc(60_000), Buffer.alloc(60_000)], [`451-["message",${Array(10).fill(placeholder(0)).join()}]`, Buffer.alloc(20_000)]] },
  { row: 'A-74', what: 'JSON nested deeper than 64', inputs: [`42["message",${deep(64, '[', ']')}]`, `42["message",${deep(64, '{"a":', '}', '1')}]`, `42["message",${deep(40_000, '[', ']')}]`, `42${'['.repeat(99_000)}`, `42["message",${'{"a":'.repeat(19_000)}`, `431${deep(100, '[', ']')}`] },
  { row: 'A-74', what: 'a CONNECT payload nested deeper than 64', joined: false, inputs: [`40{"a":${deep(64, '[', ']')}}`] },
  { row: 'A-81', what: 'a namespace of more than 255 bytes', inputs: [`40/${'a'.repeat(255)}`, `40/${'a'.repeat(99_000)},`, `42/${'é'.repeat(128)},["x"]`] },
  { row: 'A-22', what: 'a message above maxPayload', inputs: [`42["message","${'x'.repeat(maxPayload)}"]`] },
];

/** What a joined client may send without harm: an event behind it is still acknowledged, and `answers` come before. */
export const harmless = [
  { row: 'engine', what: 'packets that only servers send', inputs: ['0', '0{}', '0{"sid":"x"}', '5', '6', '5x', '6x'] },
  { row: 'A-34', what: 'pongs that nobody asked for', inputs: ['3', '3probe', ['3', '3', '3', '3']] },
  { row: 'socket', what: 'an event without payload', inputs: ['42', '421', '42/'] },
  { row: 'A-10', what: 'events that nobody handles', inputs: ['42["error"]', '42["error",{}]', '42["__proto__"]', '42["constructor",1]', '42["toString"]', '42["hasOwnProperty"]', '42[""]', '42[1]', '42[-1.5e3]', '42[1e400]', '42["Connect"]'] },
  { row: 'A-79', what: 'acknowledgements that nobody awaits', inputs: ['430[]', '430[]', '43999999["x"]', '43["x"]', '43', '431', '439007199254740991[]', [`461-3[${placeholder(0)}]`, bytes]] },
  { row: 'A-75', what: 'numbers that do not fit', inputs: ['1e400', '-1e400', '9'.repeat(400), '-0', '1e-400', '0.1e1', '123456789012345678901234567890'].map((n) => ({ send: `42["message",${n}]`, answers: [`42["message-back",${n}]`] })) },
  { row: 'A-76', what: 'characters that are hard to store', inputs: ['"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\u202e"', `"${'e\u0301'.repeat(10_000)}"`, '"\u2028\ufeff\uffff"', '"\\/\\u002f"'].map((s) => ({ send: `42["message",${s}]`, answers: [`42["message-back",${s}]`] })) },
  { row: 'A-77', what: 'keys twice, and those of objects', inputs: ['{"a":1,"a":2,"A":3}', '{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"x":1}}}', '{"toString":"foo"}'].map((o) => ({ send: `42["message",${o}]`, answers: [`42["message-back",${o}]`] })) },
  { row: 'A-74', what: 'JSON nested 64 deep', inputs: [{ send: `42["message",${deep(63, '[', ']')}]`, answers: [`42["message-back",${deep(63, '[', ']')}]`] }] },
  { row: 'A-08', what: 'a placeholder in an event without attachments', inputs: [{ send: `42["message",${placeholder(7)}]`, answers: [`42["message-back",${placeholder(7)}]`] }] },
  { row: 'A-08', what: 'an attachment used twice, or never', inputs: [
    { send: [`451-["message",${placeholder(0)},${placeholder(0)}]`, bytes], answers: [/^45\d-\["message-back",/, bytes] },
    { send: ['451-["message","x"]', bytes], answers: ['451-["message-back","x"]', bytes] },
  ] },
  { row: 'A-78', what: 'the largest ack id', inputs: [{ send: '429007199254740991["message-with-ack"]', answers: ['439007199254740991[]'] }] },
  { row: 'A-81', what: 'an unknown namespace', inputs: [
    ...['/nope', '/__proto__', '/constructor', '/é😀', '/ ', '/[]', '/a?token=1'].map((name) => ({ send: `40${name}`, answers: [`44${name},{"message":"Invalid namespace"}`] })),
    { send: `40/${'n'.repeat(254)},`, answers: [`44/${'n'.repeat(63)},{"message":"Invalid namespace"}`] },
    { send: `40/${'é'.repeat(100)},`, answers: [`44/${'é'.repeat(31)},{"message":"Invalid namespace"}`] },
  ] },
  { row: 'A-90', what: 'names that would forge a line of the log', inputs: ['42["x\\r\\n2026/01/01 INFO forged"]', '42["\\u001b[2Jx"]', '42["\\u2028x"]', { send: '40/a\r\n\x1b[2Jforged,', answers: ['44/a\r\n\x1b[2Jforged,{"message":"Invalid namespace"}'] }] },
];

/** Frames on an open WebSocket, and the close code that comes back. */
export const frames = [
  ...[1, 2, 3, 4, 7].map((rsv) => ({ row: '3.3', what: `reserved bits ${rsv}`, send: [frame(op.text, '3', { rsv })], code: 1002 })),
  { row: '3.3', what: 'a reserved bit on a ping', send: [frame(op.ping, '', { rsv: 4 })], code: 1002 },
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({ row: '3.3', what: `opcode ${opcode}`, send: [frame(opcode, 'x')], code: 1002 })),
  ...Object.values(op).map((opcode) => ({ row: '3.3', what: `opcode ${opcode} without mask`, send: [frame(opcode, '', { masked: false })], code: 1002 })),
  { row: '3.3', what: 'a continuation of nothing', send: [frame(op.continuation, 'x')], code: 1002 },
  { row: '3.3', what: 'a continuation of nothing, not final', send: [frame(op.continuation, 'x', { fin: false })], code: 1002 },
  { row: '3.3', what: 'a message inside another', send: [frame(op.text, '3', { fin: false }), frame(op.text, '3')], code: 1002 },
  { row: '3.3', what: 'binary inside text', send: [frame(op.text, '3', { fin: false }), frame(op.binary, '3')], code: 1002 },
  ...[op.ping, op.pong, op.close].flatMap((opcode) => [
    { row: '3.3', what: `opcode ${opcode} of 126 bytes`, send: [frame(opcode, 'x'.repeat(126))], code: 1002 },
    { row: '3.3', what: `opcode ${opcode} of 65,536 bytes`, send: [frame(opcode, '', { length: 65_536 })], code: 1002 },
    { row: '3.3', what: `opcode ${opcode} in fragments`, send: [frame(opcode, 'x', { fin: false })], code: 1002 },
  ]),
  ...[[125, 2], [125, 8], [65_535, 8], [0, 2], [0, 8]].map(([length, form]) => ({ row: 'A-28', what: `a length of ${length} in ${form} bytes`, send: [frame(op.text, 'x'.repeat(length), { form })], code: 1002 })),

  ...[2n ** 63n, 2n ** 63n - 1n, 2n ** 64n - 1n, 2n ** 63n + 5n, 2n ** 32n, 2n ** 31n, 2n ** 31n - 1n, BigInt(maxPayload + 1)].flatMap((length) => [
    { row: 'A-28', what: `a length of ${length}`, send: [frame(op.text, '', { length })], code: 1009 },
    { row: 'A-30', what: `a length of ${length}, binary`, send: [frame(op.binary, '', { length })], code: 1009 },
    { row: 'A-28', what: `a length of ${length} behind a fragment`, send: [frame(op.text, '3', { fin: false }), frame(op.continuation, '', { length })], code: 1009 },
  ]),
  { row: 'A-22', what: 'fragments that add up to more than a message may have', send: [frame(op.text, `4${'x'.repeat(60_000)}`, { fin: false }), frame(op.continuation, 'x'.repeat(60_000))], code: 1009 },
  { row: 'A-26', what: '20,000 empty fragments', send: [frame(op.text, '', { fin: false }), Buffer.concat(Array(20_000).fill(frame(op.continuation, '', { fin: false })))], code: 1008 },
  { row: 'A-26', what: '2,000 fragments of one byte', send: [frame(op.text, '4', { fin: false }), Buffer.concat(Array(2000).fill(frame(op.continuation, 'x', { fin: false })))], code: 1008 },
  { row: 'A-26', what: 'empty fragments with pings between', send: [frame(op.text, '', { fin: false }), Buffer.concat(Array(1100).fill(Buffer.concat([frame(op.ping, ''), frame(op.continuation, '', { fin: false })])))], code: 1008 },

  ...[[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0xf8, 0x88, 0x80, 0x80, 0x80], [0x80], [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]].map((wrong) => (
    { row: 'A-76', what: `text with the bytes ${Buffer.from(wrong).toString('hex')}`, send: [frame(op.text, Buffer.from([0x34, ...wrong]))], code: 1007 })),
  { row: 'A-76', what: 'text that breaks in its first fragment', send: [frame(op.text, Buffer.from([0x34, 0xff]), { fin: false })], code: 1007 },
  { row: 'A-76', what: 'text that breaks over two fragments', send: [frame(op.text, Buffer.from([0x34, 0xe2, 0x82]), { fin: false }), frame(op.continuation, Buffer.from([0x28]))], code: 1007 },
  { row: 'A-76', what: 'text whose last character is not complete', send: [frame(op.text, Buffer.from([0x34, 0xe2]), { fin: false }), frame(op.continuation, Buffer.from([0x82]))], code: 1007 },

  ...[0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code) => ({ row: 'A-89', what: `the close code ${code}`, send: [frame(op.close, closePayload(code))], code: 1002 })),
  { row: 'A-89', what: 'half a close code', send: [frame(op.close, 'x')], code: 1002 },
  { row: 'A-89', what: 'a close reason of 124 bytes', send: [frame(op.close, closePayload(1000, 'x'.repeat(124)))], code: 1002 },
  { row: 'A-89', what: 'a close reason that is not UTF-8', send: [frame(op.close, closePayload(1000, Buffer.from([0xff])))], code: 1007 },
  { row: 'A-89', what: 'no close code', send: [frame(op.close)], code: 1005 },
  ...[1000, 1001, 1007, 1011, 1014, 3000, 4999].map((code) => ({ row: 'A-89', what: `the close code ${code}`, send: [frame(op.close, closePayload(code, 'bye'))], code })),
  { row: 'A-89', what: 'text behind the close', send: [frame(op.close, closePayload(1000)), frame(op.text, '7')], code: 1000 },

  ...['', '9', '2', '2probe', '4', '47', '1'].map((text) => ({ row: '3.3', what: `the packet '${text}'`, send: [frame(op.text, text)], code: 1005 })),
  { row: '3.3', what: 'a packet in fragments that is none', send: [frame(op.text, '', { fin: false }), frame(op.continuation, '9')], code: 1005 },
];

/** The same frames right behind the request for the upgrade, which the server may have read together (A-05). */
export const early = frames.filter(({ row, what }) => row === '3.3' || what.startsWith('a length of 9223372036854775808') || row === 'A-76');

/** What a second connection sends instead of going through with the upgrade: it is closed, and the session stays where it was. */
export const upgrades = [
  ...['5', '2', '2prob', '2probex', '3probe', '4x', '6', '1', '0', '', 'x', '9'].map((packet) => ({ row: 'A-88', send: [packet] })),
  ...['2probe', '4x', '6', '1', '3', '', 'x'].map((packet) => ({ row: 'A-88', send: ['2probe', packet] })),
  { row: 'A-88', send: [bytes] },
  { row: 'A-88', send: ['2probe', bytes] },
];

/** Much of something, on one connection. It ends it or not; memory stays, and others do not notice. `text` is sent `times` times. */
export const floods = [
  { row: 'A-18', what: 'pongs that nobody asked for', over: 'websocket', text: '3', times: 100_000 },
  { row: 'A-18', what: 'pongs that nobody asked for', over: 'polling', text: '3', times: 45_000 },
  { row: 'A-19', what: 'tiny packets in one POST', over: 'polling', text: '42["x"]', times: 12_000 },
  { row: 'A-19', what: 'tiny packets', over: 'websocket', text: '42["x"]', times: 30_000 },
  { row: 'A-79', what: 'acknowledgements that nobody awaits', over: 'websocket', text: '431[]', times: 50_000 },
  { row: 'A-81', what: 'unknown namespaces', over: 'websocket', text: '40/nope', times: 10_000, ends: true },
  { row: 'A-81', what: 'unknown namespaces', over: 'polling', text: '40/nope', times: 5000, ends: true },
  { row: 'A-27', what: 'WebSocket pings that are answered to nobody', over: 'unread', frame: frame(op.ping, 'x'.repeat(125)), times: 200_000 },
  { row: 'A-34', what: 'WebSocket pongs that nobody asked for', over: 'frames', frame: frame(op.pong, 'forged'), times: 100_000 },
  { row: 'A-27', what: 'events whose answers are not read', over: 'unread', frame: frame(op.text, `42["message","${'x'.repeat(10_000)}"]`), times: 2000, ends: true },
];
