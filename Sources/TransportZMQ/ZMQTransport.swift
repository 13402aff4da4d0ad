public import MQCore

/// ZeroMQ sockets, through libzmq.
///
/// `zmq:[TYPE:]ENDPOINT[,ENDPOINT…][,option=value…]`; a leading `@` on an endpoint binds. Without TYPE a sender pushes and
/// a receiver pulls, a requester is a REQ and a responder a REP. See the descriptor's notes for what ZeroMQ promises.
public struct ZMQTransport: Transport {
    private let target: Target
    private let options: OptionValues
    /// As failures name it.
    private let name: String

    public init(_ address: Address, options: OptionValues) throws(TransportError) {
        name = address.short
        target = try Target(address.targets)
        self.options = options
    }

    public func explain() -> [Fact] {
        var facts = [
            Fact(
                "type", "socket type", .text(target.type?.rawValue ?? "push, pull, req or rep, by the verb"),
                source: target.type == nil ? "verb" : "address")
        ]
        if let path = target.temporaryPath {
            facts.append(Fact("endpoint", "endpoint", .text("ipc://\(path), bound by the receiver"), source: "temp"))
        }
        for endpoint in target.endpoints {
            facts.append(Fact("endpoint", endpoint.binds ? "binds" : "connects to", .text(endpoint.text), source: "address"))
        }
        return facts
    }

    /// The receiver binds, whichever side the address binds.
    public func meetingPoint(named unique: String) throws(TransportError) -> MeetingPoint {
        let pair = try (target.type ?? .push).opposites
        let bound: String, connected: String
        let file = target.temporaryPath.map { path in
            path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/\(unique).zmq"
        }
        if let file {
            bound = "ipc://\(file)"
            connected = bound
        } else {
            guard target.endpoints.count == 1 else {
                throw TransportError(.unsupported, "one endpoint is enough for two processes to meet", hint: "or zmq:temp")
            }
            bound = target.endpoints[0].text
            connected = bound.hasPrefix("tcp://*:") ? "tcp://127.0.0.1:" + bound.dropFirst("tcp://*:".count) : bound
        }
        return MeetingPoint(
            sending: "zmq:\(pair.sends.rawValue):\(connected)\(options.text)",
            receiving: "zmq:\(pair.receives.rawValue):@\(bound)\(options.text)", isPrivate: file != nil,
            isProcessLocal: target.endpoints.first?.medium == .inproc, file: file)
    }

    /// One look at the greeting of each endpoint that the address connects to, by a connection of our own; the peer counts it as one.
    public func probe(_ opening: Opening) throws(TransportError) -> [Fact] {
        let endpoints = try target.endpoints(receiving: false)
        if let bound = endpoints.first(where: \.binds) {
            throw TransportError(
                .usage, "'\(bound.written)' is an endpoint that this end would bind", hint: "without the @ the other end is asked")
        }
        let security = try Security(options).mechanism
        var facts: [Fact] = []
        for endpoint in endpoints {
            let (seen, minor, identity) = try Sighting.inspect(endpoint, until: opening.deadline, stop: opening.stop)
            facts += try seen.facts(of: endpoint, for: target.type, security)
            if let minor { facts.append(Fact("version", "ZMTP", .text("3.\(minor)"))) }
            if !identity.isEmpty { facts.append(Fact("identity", "Identity", .text(String(decoding: identity, as: UTF8.self)))) }
        }
        return facts
    }

    public func openSender(_ opening: Opening) throws(TransportError) -> sending any Sender {
        let type = target.type ?? .push
        try type.check(for: "send", SocketType.sending)
        let endpoints = try target.endpoints(receiving: false)
        let settings = try Settings(options, type: type, for: .send, endpoints: endpoints, opening: opening)
        if try Engine.choose(options, settings, endpoints, opening) == .native {
            let fleet = try Fleet(type, endpoints: endpoints, settings: settings, opening: opening)
            return try NativeSender(fleet, settings: settings, notices: opening.notices)
        }
        let wire = try Wire(type, endpoints: endpoints, settings: settings, opening: opening)
        return ZMQSender(wire, settings: settings, notices: opening.notices)
    }

    public func openReceiver(_ opening: Opening) throws(TransportError) -> sending any Receiver {
        let type = target.type ?? .pull
        try type.check(for: "recv", SocketType.receiving)
        if case .peek = opening.mode { throw Self.descriptor.lacks(.peek, instead: "a received message is gone from its sender") }
        let endpoints = try target.endpoints(receiving: true)
        let settings = try Settings(options, type: type, for: .receive, endpoints: endpoints, opening: opening)
        if try Engine.choose(options, settings, endpoints, opening) == .native {
            let fleet = try Fleet(type, endpoints: endpoints, settings: settings, opening: opening)
            return try NativeReceiver(fleet, settings: settings, endsWithLastSender: opening.endsWithLastSender)
        }
        let wire = try Wire(type, endpoints: endpoints, settings: settings, opening: opening)
        return ZMQReceiver(wire, settings: settings, endsWithLastSender: opening.endsWithLastSender, isPrompt: opening.isPrompt)
    }
}

extension ZMQTransport {
    public func openRequester(_ opening: Opening, asksAgain: Bool) throws(TransportError) -> sending any Requester {
        let type = target.type ?? .req
        try type.check(for: "request", SocketType.requesting)
        let endpoints = try target.endpoints(receiving: false)
        let settings = try Settings(options, type: type, for: .request, endpoints: endpoints, opening: opening)
        let isNumbered = asksAgain || options.flag("req-correlate") ?? false
        if try Engine.choose(options, settings, endpoints, opening) == .native {
            return try NativeRequester(
                try Fleet(type, endpoints: endpoints, settings: settings, opening: opening), isNumbered: isNumbered)
        }
        return try ZMQRequester(type, isNumbered: isNumbered) { () throws(TransportError) in
            try Wire(type, endpoints: endpoints, settings: settings, opening: opening)
        }
    }

    public func openResponder(_ opening: Opening, width: Int) throws(TransportError) -> sending any Responder {
        let type = target.type ?? (width == 1 ? .rep : .router)
        try type.check(for: "serve", SocketType.replying)
        if type == .rep && width > 1 {
            throw TransportError(.usage, "a rep socket answers one request at a time", hint: "zmq:router:… answers several")
        }
        let endpoints = try target.endpoints(receiving: true)
        let settings = try Settings(options, type: type, for: .serve, endpoints: endpoints, opening: opening)
        if try Engine.choose(options, settings, endpoints, opening) == .native {
            return try NativeResponder(try Fleet(type, endpoints: endpoints, settings: settings, opening: opening))
        }
        return ZMQResponder(try Wire(type, endpoints: endpoints, settings: settings, opening: opening), type)
    }

    public func openRelay(to back: any Transport, _ opening: Opening) throws(TransportError) -> sending any Relay {
        guard let back = back as? ZMQTransport else {
            throw TransportError(.usage, "a proxy joins two addresses of zmq", hint: "mq bridge joins any two")
        }
        let kind = try RelayKind(front: target.type, back: back.target.type)
        for (end, type) in [(self, kind.types.front), (back, kind.types.back)] where end.options.has("subscribe") {
            throw TransportError(
                .usage, "a \(type.rawValue) socket of a proxy has no subscriptions of its own",
                hint: "they come from whoever connects behind"
            ).about(end.name)
        }
        let parts = (try part(kind.types.front, opening), try back.part(kind.types.back, opening))
        if (parts.0.engine, parts.1.engine) == (.native, .native) {
            let fleets = try FleetPair(
                front: TransportError.naming(name) { () throws(TransportError) in try parts.0.fleet(opening) },
                back: TransportError.naming(back.name) { () throws(TransportError) in try parts.1.fleet(opening) })
            if kind == .queue { return try NativeQueue(fleets, front: parts.0.settings, back: parts.1.settings) }
            return try NativeStream(kind, fleets, parts.1.settings)
        }
        for (end, part) in [(self, parts.0), (back, parts.1)] where part.engine == .native && end.options.text("engine") == "native" {
            throw TransportError(.usage, "engine=native at one end of a proxy, and the other needs libzmq").about(end.name)
        }
        return try ZMQRelay(
            kind, front: TransportError.naming(name) { () throws(TransportError) in try parts.0.wire(opening) },
            back: TransportError.naming(back.name) { () throws(TransportError) in try parts.1.wire(opening) })
    }

    /// One end of a proxy.
    private func part(_ type: SocketType, _ opening: Opening) throws(TransportError) -> RelayPart {
        try TransportError.naming(name) { () throws(TransportError) in
            try RelayPart(type, target.endpoints(receiving: true), options, opening)
        }
    }
}
