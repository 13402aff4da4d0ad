import MQCore
import TransportMemory
import TransportNSQ
import TransportPOSIXMQ
import TransportSQS
import TransportSysV
import TransportZMQ

/// The transports of this build. A further one is one more line.
enum Registry {
    static let transports: [any Transport.Type] = [
        MemoryTransport.self,
        POSIXMQTransport.self,
        SysVTransport.self,
        ZMQTransport.self,
        NSQTransport.self,
        SQSTransport.self,
    ]

    static var descriptors: [Descriptor] { transports.map { $0.descriptor } }

    static func transport(forScheme scheme: String) -> (any Transport.Type)? {
        transports.first { $0.descriptor.schemes.contains(scheme) }
    }

    static func transport(named name: String) throws(TransportError) -> any Transport.Type {
        if let found = transports.first(where: { $0.descriptor.name == name }) ?? transport(forScheme: name) { return found }
        let near = Suggestion.nearest(to: name, in: descriptors.map(\.name))
        throw TransportError(
            .usage, "this build has no transport '\(name)'",
            hint: near.map { "did you mean \($0)?" } ?? "mq transports lists what there is")
    }

    /// Keys for the transport that has them.
    /// - Throws: `configuration` when the library that makes them is missing or cannot.
    static func makeKeyPair() throws(TransportError) -> CurveKeyPair { try CurveKeyPair.make() }
}
