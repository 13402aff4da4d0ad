public import MQCore

extension ZMQTransport {
    public static let descriptor = Descriptor(
        name: "zmq", schemes: ["zmq"],
        summary: "ZeroMQ sockets: push and pull, publish and subscribe, request and reply; over tcp and ipc, without a broker",
        forms: ["zmq:[TYPE:]ENDPOINT[,ENDPOINT…]", "zmq:[TYPE:]@ENDPOINT", "zmq:temp"],
        targetSyntax: .endpoints,
        capabilities: [.send, .receive, .request, .relay, .frames, .untilClosed, .temporary, .ordered],
        receivedAttributes: [SubscriptionFeed.attribute],
        options: (ownOptions + SocketOption.all.map(\.spec)).map(Engine.marked),
        emptyWait: .seconds(1),
        notes: [
            "TYPE is push, pull, pub, sub, xpub, xsub, pair, dealer, router or stream; without it send pushes and recv pulls. For request it is req or dealer, for serve rep or "
                + "router; without it request is a REQ, and serve a REP, or with several jobs a ROUTER. A leading @ on an endpoint binds, "
                + "without it the socket connects; both can be mixed in one address. @tcp://:5555 binds on all interfaces, @tcp://127.0.0.1:* on a "
                + "free port, which is reported. ipc:///path is a Unix socket, ipc://@name one of Linux's abstract namespace.",
            "inproc://name joins threads of one process, which only mq bench has.",
            "There is no broker: what was sent lives in the memory of the sender and the receiver until it is read, and is gone with them. "
                + "Delivery is at most once. A receiver that is killed takes with it what it had read, and what lay in its host's buffers; "
                + "send then says how many messages that may be, and with resend sends them again to the next peer.",
            "mq speaks ZeroMQ's protocol (ZMTP 3) itself, with every ZeroMQ library at the other end, and needs none here. libzmq is loaded for what only it "
                + "can do: CURVE, other endpoints than tcp and ipc, and the options marked (libzmq); -v says so. engine=libzmq has it do everything.",
            "At its end send asks its peers for a receipt (a PING behind the last message, which libzmq answers when it has read "
                + "everything before it) and waits for it as long as send's timeout allows. What a receiver's program does with what it has read, "
                + "ZeroMQ does not tell.",
            "send waits for its first peer, so that it may be started before its receiver. With one endpoint, messages queued when the "
                + "connection breaks are kept for the next; with several, they are queued for connected peers only, and what is queued for one "
                + "goes with it (immediate decides).",
            "Order holds within one connection. Across several peers, or a connection that broke and came back, there is none; a loop in the shell "
                + "that starts one sender for each line has none either.",
            "Between two mq, recv -n N, Ctrl-C and a reader that goes away lose nothing and repeat nothing: the receiver says how many messages it has kept, "
                + "and the sender, which keeps those that are not confirmed, gives the others to its next peer. From any other sender, what "
                + "had arrived beyond N is lost, as with every PULL socket.",
            "A publisher reaches only current subscribers: send waits for its first subscriber (wait-peers, one second unless it is given). It waits "
                + "too while a subscriber is at its high-water mark; drop has it drop for that subscriber instead, as ZeroMQ does by default.",
            "A router that receives puts a frame with the sender's name in front of each message: the sender's option identity, or five bytes that the "
                + "router makes up. A router that sends takes the first frame for the name of the peer (--first-frame, --frames, or frames with -J). It waits "
                + "one second for a peer that is not there; then the message is refused (status 69, or skipped with --on-error skip). A second peer of "
                + "the same name is not let in. A dealer sends to its peers in turn; send does not read what comes back, request does.",
            "An xpub that receives shows what its subscribers say: a 1 and the topic for each subscription, a 0 and the topic for each that ends, also "
                + "when its subscriber leaves; with -J the attribute event is subscribe or cancel. An xsub that sends passes such messages, and any "
                + "other, to all its publishers.",
            "stream is raw TCP, through libzmq: recv shows the name of the connection and the bytes that came, in two frames, and send takes both. A "
                + "connection that is made has the name of its endpoint, as tcp://host:80, or that of connect-routing-id; one that is accepted has five "
                + "bytes. An empty second frame closes the connection.",
            "Requests and replies have an empty frame in front of their bodies, as REQ and REP sockets put it there; frames before that one "
                + "are sent back with the reply. A REP drops a message without an empty frame; a ROUTER answers it without one, as a DEALER may want. "
                + "With request's retry, or req-correlate, a request carries a number in front of the empty frame, which every REP sends back. serve takes no more "
                + "requests from a peer that does not read its replies.",
            "A high-water mark counts messages for each peer, at both ends; buffer bounds the bytes, by the mean size of messages.",
            "Keys and passwords are read from files, never from the address. Key files are czmq certificates or one Z85 key of 40 characters; "
                + "mq keygen makes them.",
        ],
        library: { Library.presence },
        examples: [
            ("zmq:@tcp://:5555", "recv: a PULL socket on port 5555 of all interfaces"),
            ("zmq:tcp://collector:5555", "send: a PUSH socket that connects"),
            ("zmq:push:tcp://a:5555,tcp://b:5555", "send: each message to one of two receivers"),
            ("zmq:pub:@ipc:///run/feed", "send: publish at a Unix socket"),
            ("zmq:sub:ipc:///run/feed,subscribe=weather.", "recv: what begins with weather."),
            ("zmq:router:@tcp://:5558", "recv: each message behind its sender's name; send: to the peer named"),
            ("zmq:xpub:@tcp://:5556", "recv: who subscribes to what"),
            ("zmq:dealer:tcp://a:5557,tcp://b:5557", "request: of two servers, each in turn"),
            ("zmq:@tcp://:5557", "serve: a REP socket on port 5557 of all interfaces"),
            ("zmq:@tcp://:5555,curve-server,secret-key=server.key,allow-keys=clients", "recv: encrypted, from known clients"),
        ])

    /// Options that are more than one call of zmq_setsockopt.
    private static let ownOptions: [OptionSpec] = [
        OptionSpec(
            "engine", .choice(Engine.allCases.map(\.rawValue)), standard: "native, libzmq where something needs it",
            help: "who speaks ZMTP: mq itself, or libzmq"),
        OptionSpec(
            "resend", .flag, standard: "no", scope: .send,
            help: "push, pair, dealer: send what a lost peer may not have read to the next one: at least once instead of at most once"),
        OptionSpec(
            "subscribe", .text("PREFIX"), standard: "every message", scope: .receive, repeatable: true,
            help: "sub, xsub: receive messages that begin with PREFIX"),
        OptionSpec("hwm", .integer(0...Int(Int32.max)), help: "send-hwm and recv-hwm at once: messages, for each peer"),
        OptionSpec(
            "buffer", .bytes(1...Int.max), standard: "64MiB",
            help: "bytes queued for each peer before send waits; over libzmq, by the size of the first messages"),
        OptionSpec(
            "linger", .duration, standard: "the timeout of send", scope: .send,
            help: "longest wait at the end for messages to be written and read"),
        OptionSpec(
            "immediate", .flag, standard: "with several endpoints", scope: .send,
            help: "queue for connected peers only, and drop what is queued for one whose connection breaks"),
        OptionSpec(
            "wait-peers", .integer(0...100_000), standard: "1, pub within 1s", scope: .send,
            help: "peers (pub: subscribers) to wait for before the first message; given, send's timeout bounds the wait"),
        OptionSpec(
            "drop", .flag, standard: "no", scope: .send, help: "drop messages at the high-water mark instead of waiting; they are counted"),
        OptionSpec("ipv6", .flag, standard: "when an address is one", help: "IPv6 beside IPv4"),
        OptionSpec("io-threads", .integer(1...64), standard: "1", help: "I/O threads of libzmq"),
        OptionSpec("curve-server", .flag, help: "encrypt with CURVE, as the end that decides whom to accept; needs secret-key"),
        OptionSpec("server-key", .file, help: "CURVE client: file with the server's public key"),
        OptionSpec("public-key", .file, help: "CURVE: file with our public key; derived from secret-key if not given"),
        OptionSpec("secret-key", .file, help: "CURVE: file with our secret key; a client without one makes a pair for itself"),
        OptionSpec(
            "allow-keys", .file,
            help: "CURVE server: file with the public keys of the clients to accept, or a directory of certificates; read again on SIGHUP"),
        OptionSpec("plain", .file, help: "PLAIN client: file with user:password"),
        OptionSpec("plain-users", .file, help: "PLAIN server: file with one line user:password per client; read again on SIGHUP"),
    ]
}
