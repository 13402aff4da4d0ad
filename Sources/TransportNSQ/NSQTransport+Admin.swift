public import MQCore

extension NSQTransport {
    public func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin {
        try NSQAdmin(target, options: options, connection: settings.connection, opening: opening)
    }

    /// Every nsqd must take IDENTIFY, with TLS and AUTH where they are asked for; that nsqlookupd answers says nothing of them.
    public func probe(_ opening: Opening) throws(TransportError) -> [Fact] {
        let (daemons, _) = try producers(opening)
        var facts: [Fact] = []
        for peer in daemons.map(\.peer) {
            let connection = try Connection(to: peer, settings.connection, until: opening.deadline, stop: opening.stop)
            facts.append(Fact("nsqd", "nsqd", .text(peer.text)))
            facts.append(Fact("version", "Version", .text(connection.negotiated.version)))
        }
        return facts
    }

    public func clientVariables() -> [(name: String, value: String)] {
        switch target.place {
        case .direct(let peers):
            let daemons = located(peers)
            let http = daemons.asked.compactMap { if case .tcp = $0.http { $0.http.text } else { nil } }
            return [("NSQD_TCP", peers.map(\.text).joined(separator: ","))]
                + (http.isEmpty ? [] : [("NSQD_HTTP", http.joined(separator: ","))])
        case .lookup(let peers): return [("NSQLOOKUPD_HTTP", peers.map(\.text).joined(separator: ","))]
        }
    }
}
