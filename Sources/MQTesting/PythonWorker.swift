import Glibc
import MQCore
import MQStandIns

/// Python's HTTP server on a free port of 127.0.0.1, as a worker that messages are posted to: it answers as the path of each request
/// says, and tells afterwards what it got. Ended when nobody holds it any more.
///
/// `/status/N` answers N, with `?retry-after=` and `?body=`; `/fail/N` answers 503 to the first N requests with the same body,
/// `/refuse/N` 400 to numbers that N divides; `/hang` never answers, `/slow/SECONDS` late; `/reset` breaks off after it has read, `/nonsense` is no HTTP; `/idle` closes the connection
/// once it has answered, without a word; `/redirect` points to `/status/200`; `/health` answers what `setHealth` said last. Anything
/// behind these, as in `/status/200/mine`, tells requests apart.
public final class PythonWorker: Sendable {
    /// A request that came.
    public struct Request: Sendable {
        /// With what stands behind the `?`.
        public let path: String
        /// `POST`, `GET` and so on.
        public let method: String
        /// Names in lower case.
        public let headers: [String: String]
        /// As it came.
        public let body: [UInt8]
        /// Of the connection.
        public let port: Int
        /// On the server's clock, in seconds.
        public let time: Double
    }

    /// The client's port, which tells connections apart.
    public let port: Int
    private let server: LoopbackProcess
    private let fixture = Fixture()

    private static let started = Result { try PythonWorker() }

    /// The one server of this process: tests tell their requests apart by the path.
    /// - Throws: `ConformanceFailure` when there is no Python, or it does not answer.
    public static func shared() throws -> PythonWorker { try started.get() }

    /// - Parameters:
    ///   - port: 0 is any that is free.
    ///   - certificate: files of a certificate and its key, for TLS.
    ///   - clientAuthority: clients must show a certificate of this one.
    /// - Throws: `ConformanceFailure` when there is no Python, or it does not answer.
    public init(port: Int = 0, certificate: (file: String, key: String)? = nil, clientAuthority: String? = nil) throws {
        guard let python = MotoServer.python ?? ProgramSearch.path(of: "python3") else { throw ConformanceFailure("no Python") }
        let port = try port == 0 ? LoopbackSocket.freePort() : port
        self.port = port
        let folder = try fixture.directory()
        try LocalFile.write(Array(Self.script.utf8), to: "\(folder)/worker.py")
        let files = [certificate?.file, certificate?.key, clientAuthority].map { $0 ?? "" }
        server = try LoopbackProcess(python, ["-S", "\(folder)/worker.py", "\(port)"] + files, folder: folder)
        try server.wait(.seconds(20)) { server.output.contains("ready\n") }
    }

    /// The URL of a path that begins with a slash.
    public func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// What came for a path, or below it; also after its end.
    public func requests(_ path: String) throws -> [Request] {
        // By bytes: a large body among what others sent would take seconds by characters.
        let head = "{\"path\": \"\(path)"
        return try server.output.utf8.split(separator: 0x0a).filter { $0.starts(with: head.utf8) }.map { line in
            try JSONReader.read(line) { reader throws(TransportError) in try Self.request(&reader) }
        }.filter { $0.path == path || ["/", "?"].contains($0.path.dropFirst(path.count).first) }
    }

    private static func request(_ reader: inout JSONReader) throws(TransportError) -> Request {
        var (texts, headers): ([String: String], [String: String]) = ([:], [:])
        try reader.object { reader, key throws(TransportError) in
            if key == "headers" {
                try reader.object { reader, name throws(TransportError) in headers[name] = try reader.string() }
            } else {
                texts[key] = try reader.string()
            }
        }
        return Request(
            path: texts["path"] ?? "", method: texts["method"] ?? "", headers: headers,
            body: Base64.decode((texts["body"] ?? "").utf8) ?? [], port: Int(texts["port"] ?? "") ?? 0,
            time: Double(texts["time"] ?? "") ?? 0)
    }

    /// What `/health/NAME` answers from now on; 503 at first.
    public func setHealth(_ name: String, _ status: Int) throws {
        _ = try LoopbackHTTP.request("GET", "/set?\(name)=\(status)", port: port)
    }

    /// Stops (SIGSTOP) or goes on (SIGCONT).
    public func send(signal: Int32) { server.send(signal: signal) }
    /// Ends it as a crash would.
    public func end() { server.end(with: SIGKILL) }

    private static let script = #"""
        import base64, http.server, json, socket, ssl, struct, sys, threading, time, urllib.parse
        lock, counts, health = threading.Lock(), {}, {}

        class Worker(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16
            disable_nagle_algorithm = True

            def log_message(self, *words): pass

            def answer(self, status, body=b"", headers=()):
                self.send_response_only(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers: self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                if url.path == "/set":
                    name, status = url.query.split("=")
                    health[name] = int(status)
                    return self.answer(200)
                self.note(b"")
                name = url.path.split("/")[2]
                self.answer(health.get(name, 503))

            def note(self, body):
                record = {"path": self.path, "method": self.command, "body": base64.b64encode(body).decode(),
                          "port": str(self.client_address[1]), "time": repr(time.monotonic()),
                          "headers": {k.lower(): v.encode("latin-1").decode("utf-8", "replace") for k, v in self.headers.items()}}
                with lock: print(json.dumps(record), flush=True)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.note(body)
                url = urllib.parse.urlsplit(self.path)
                words = url.path.split("/")[1:]
                query = dict(urllib.parse.parse_qsl(url.query))
                kind, number = words[0], words[1] if len(words) > 1 else ""
                if kind == "status":
                    headers = [("Retry-After", query["retry-after"])] if "retry-after" in query else []
                    self.answer(int(number), query.get("body", "").encode(), headers)
                elif kind == "fail":
                    with lock: count = counts[url.path, body] = counts.get((url.path, body), 0) + 1
                    self.answer(503 if count <= int(number) else 200)
                elif kind == "refuse":
                    self.answer(400 if int(body) % int(number) == 0 else 200)
                elif kind == "hang":
                    try: self.connection.recv(1)
                    except OSError: pass
                    self.close_connection = True
                elif kind == "slow":
                    time.sleep(float(number))
                    self.answer(200)
                elif kind == "reset":
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.connection.close()
                    self.close_connection = True
                elif kind == "nonsense":
                    self.wfile.write(b"nonsense\r\n\r\n")
                    self.close_connection = True
                elif kind == "idle":
                    self.answer(200)
                    self.close_connection = True
                elif kind == "redirect":
                    self.answer(int(number), headers=[("Location", "/status/200/redirected")])
                else:
                    self.answer(404)

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True
            def handle_error(self, request, address): pass

        server = Server(("127.0.0.1", int(sys.argv[1])), Worker)
        if sys.argv[2]:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[2], sys.argv[3])
            if sys.argv[4]:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(sys.argv[4])
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        print("ready", flush=True)
        server.serve_forever()
        """#
}
