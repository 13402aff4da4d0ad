import MQCore

/// One end of a proxy, understood and not open yet.
struct RelayPart {
    let type: SocketType
    let endpoints: [Endpoint]
    let settings: Settings
    let engine: Engine

    /// - Throws: `usage`, `configuration`.
    init(_ type: SocketType, _ endpoints: [Endpoint], _ options: OptionValues, _ opening: Opening) throws(TransportError) {
        (self.type, self.endpoints) = (type, endpoints)
        settings = try Settings(options, type: type, for: .relay, endpoints: endpoints, opening: opening)
        engine = try Engine.choose(options, settings, endpoints, opening)
    }

    func fleet(_ opening: Opening) throws(TransportError) -> Fleet {
        try Fleet(type, endpoints: endpoints, settings: settings, opening: opening)
    }

    func wire(_ opening: Opening) throws(TransportError) -> Wire {
        try Wire(type, endpoints: endpoints, settings: settings, opening: opening)
    }
}
