import MQCore
import TransportMemory
import TransportNSQ
import TransportPOSIXMQ
import TransportSQS
import TransportSysV
import TransportZMQ

/// The transports of this build. A further one is one more line, here and below.
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

    /// By the word before the colon of an address. The words of the descriptors are repeated, since making one of them for
    /// every transport takes a sixth of the time that `mq` starts in.
    static func transport(forScheme scheme: String) -> (any Transport.Type)? {
        switch scheme {
        case "mem": MemoryTransport.self
        case "posix-mq": POSIXMQTransport.self
        case "sysv": SysVTransport.self
        case "zmq": ZMQTransport.self
        case "nsq", "nsqlookup": NSQTransport.self
        case "sqs", "arn", "https", "http": SQSTransport.self
        default: nil
        }
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
