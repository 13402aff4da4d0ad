public import MQCore

extension NSQTransport {
    public func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin {
        try NSQAdmin(target, options: options, connection: settings.connection, opening: opening)
    }
}
