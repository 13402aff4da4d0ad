import MQStandIns
import MQTesting
import Testing

extension ContractSubject {
    /// Against the stand-in, which is always there.
    static let nsq = nsq("nsq", NSQServers.standIn)
    /// Against nsqd itself.
    static let nsqd = nsq("nsq by nsqd", NSQServers.daemon)

    private static func nsq(_ name: String, _ ports: @escaping @Sendable () throws -> NSQServers.Ports) -> ContractSubject {
        let limit = ",max-message=2048"
        @Sendable func address(_ topic: String, _ limit: String) throws -> String {
            let ports = try ports()
            return "nsq://127.0.0.1:\(ports.tcp)/\(topic)/contract,http-port=\(ports.http)\(limit)"
        }
        return ContractSubject(
            name: name,
            make: { fixture, size in
                let topic = UniqueName.make()
                let queue = try address(topic, size == .small ? limit : "")
                let made = try mq().run("create", queue)
                guard made.status == 0 else { throw ConformanceFailure(made.errorText) }
                fixture.atEnd {
                    let removed = try? mq().run("delete", queue.replacing("/contract", with: ""), "--if-exists")
                    #expect(removed?.status == 0, "\(queue) is left behind: \(removed?.errorText ?? "")")
                }
                return Queue(send: queue, recv: queue)
            },
            // The topic is there as soon as somebody publishes to it; the channel is not.
            missing: { (try? address(UniqueName.make("absent"), limit)) ?? "no nsqd" }, missingWords: "no such channel", fillsUp: false,
            keepsOrder: false, carriesEmpty: false, acknowledges: true, needsCreation: false, isOfKernel: false, delays: true,
            removal: (66, "deleted"), smallLimit: 2048, largest: 1 << 20, peeks: true,
            impatience: ",heartbeat=1s,msg-timeout=1s", tellsReceivers: true,
            place: {
                let ports = try ports()
                return "nsq://127.0.0.1:\(ports.tcp),http-port=\(ports.http)\(limit)"
            })
    }
}

/// What the nsq rows of the table talk to: one of each for the whole run; both end with this process.
enum NSQServers {
    struct Ports: Sendable {
        var tcp: Int
        var http: Int
    }

    private static let sharedStandIn = Result { try NSQStandIn() }
    static func standIn() throws -> Ports {
        let broker = try sharedStandIn.get()
        return Ports(tcp: broker.tcpPort, http: broker.httpPort)
    }

    private static let sharedDaemon = Result {
        // Room for the longest test: what goes through nsqd's files comes back in another order.
        let daemon = try NSQDaemon(arguments: ["-mem-queue-size=400000"])
        _ = Unmanaged.passRetained(daemon)
        return Ports(tcp: daemon.tcpPort, http: daemon.httpPort)
    }
    static func daemon() throws -> Ports { try sharedDaemon.get() }
}
