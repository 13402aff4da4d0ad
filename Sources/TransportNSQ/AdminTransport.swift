public import MQCore

extension NSQTransport {
    public func openAdmin(_ opening: Opening) throws(TransportError) -> sending any Admin {
        try NSQAdmin(target, options: options, resolve: settings.connection.resolve, opening: opening)
    }
}
