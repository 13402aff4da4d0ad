import Glibc
import MQCore
import MQStandIns

extension Conformance {
    /// The queues themselves: making, looking, removing, and using one that is not there.
    static let queues: [ConformanceCheck] = [
        ConformanceCheck("a missing queue is said to be missing", if: { $0.missing != nil }) { subject in
            let transport = try subject.missing!()
            let asking = opening(subject.patience)
            if subject.has(.send) { try expect(.noSuchQueue, doing: "openSender") { _ = try transport.openSender(asking) } }
            if subject.has(.receive) { try expect(.noSuchQueue, doing: "openReceiver") { _ = try transport.openReceiver(asking) } }
            guard subject.has(.admin) else { return }
            try expect(.noSuchQueue, doing: "status") { try transport.openAdmin(asking).status() }
            try expect(.noSuchQueue, doing: "delete") { try transport.openAdmin(asking).delete() }
            try expect(.noSuchQueue, doing: "purge") { try transport.openAdmin(asking).purge() }
        },
        ConformanceCheck("a queue is made, seen, and removed", if: { $0.has(.admin) && $0.creatable != nil }) { subject in
            let transport = try subject.creatable!()
            let admin = try transport.openAdmin(opening(subject.patience))
            try expect(.noSuchQueue, doing: "status before create") { try admin.status() }
            try require(try admin.create(exclusive: false), "create says that the queue was there")
            defer { try? admin.delete() }
            try require(try !admin.create(exclusive: false), "create says that it made the queue twice")
            try expect(.cannotCreate, doing: "exclusive create") { try admin.create(exclusive: true) }
            let status = try admin.status()
            let listing = try admin.list()
            try require(listing.queues.contains { $0.address == status.address }, "\(status.address) is not listed")
            for column in listing.columns {
                try require(status[column.key] != nil, "column \(column.key) is no fact of a queue")
            }
            try admin.delete()
            try expect(.noSuchQueue, doing: "status after delete") { try admin.status() }
            try expect(.noSuchQueue, doing: "second delete") { try admin.delete() }
        },
        ConformanceCheck("messages are counted and purged", if: { $0.has(.admin) }) { subject in
            try Link.with(subject) { link in
                let admin = try link.queue.receiving.openAdmin(opening(subject.patience))
                try link.send((0..<5).map(numbered))
                try require(try admin.status()["messages"] == .number(5), "stat does not say 5 messages")
                try require(try admin.purge() == 5, "purge does not say 5 messages")
                try link.expectNothing()
                try require(try admin.purge() == 0, "purge of an empty queue does not say 0")
                try link.send([numbered(9)])
                try require(try link.receive(1) == [numbered(9)], "the queue does not work after a purge")
            }
        },
        ConformanceCheck("administration is refused in words", if: { !$0.has(.admin) }) { subject in
            let queue = try subject.makeQueue()
            defer { queue.cleanUp() }
            try expect(.unsupported, doing: "openAdmin") { _ = try queue.receiving.openAdmin(opening(subject.patience)) }
        },
        ConformanceCheck("a waiting receiver learns that its queue was removed", if: { $0.has(.admin) && $0.noticesRemoval }) { subject in
            try Link.with(subject) { link in
                let deleting = deleteSoon(link)
                try expect(.noSuchQueue, doing: "receive during delete") {
                    var batch = Batch()
                    return try link.receiver.receive(into: &batch, limit: 1, byteLimit: 1 << 16, until: link.soon, stop: link.stop)
                }
                try deleting.join()
                try expect(.noSuchQueue, doing: "receive after delete") {
                    var batch = Batch()
                    return try link.receiver.receive(into: &batch, limit: 1, byteLimit: 1 << 16, until: link.soon, stop: link.stop)
                }
                try expect(.noSuchQueue, doing: "send after delete") { try link.send([numbered(1)]) }
            }
        },
        ConformanceCheck(
            "a waiting sender learns that its queue was removed", if: { $0.has(.admin) && $0.noticesRemoval && $0.fillsUp }
        ) { subject in
            try Link.with(subject) { link in
                _ = try link.fill()
                let deleting = deleteSoon(link)
                try expect(.noSuchQueue, doing: "send during delete") { try link.send([numbered(1)]) }
                try deleting.join()
            }
        },
        ConformanceCheck("an address without a queue's name opens nothing", if: { $0.has(.receive) }) { subject in
            let scheme = subject.descriptor.schemes[0]
            let made = try subject.makeQueueBriefly()
            let type = type(of: (made as? FaultyTransport)?.base ?? made)
            let address = try Address(parsing: "\(scheme):", syntax: subject.descriptor.targetSyntax)
            let transport = try type.init(address, options: try OptionValues([], for: subject.descriptor))
            try expect(.usage, doing: "openReceiver") { _ = try transport.openReceiver(opening(subject.patience)) }
            // A broker's list needs a broker, and here nobody says where it is.
            let isLocal = !subject.descriptor.capabilities.isDisjoint(with: [.kernel, .processLocal])
            if subject.has(.admin) && isLocal { _ = try transport.openAdmin(opening(subject.patience)).list() }
        },
        ConformanceCheck("temp is a queue of its own", if: { $0.has(.temporary) && $0.temporary != nil }) { subject in
            let transports = [try subject.temporary!(), try subject.temporary!()]
            var batch = Batch()
            for (number, transport) in transports.enumerated() {
                let receiver = try transport.openReceiver(opening(subject.patience))
                let sender = try transport.openSender(opening(subject.patience))
                batch.removeAll()
                batch.append(numbered(number))
                try require(
                    try sender.send(batch, 0..<1, until: .after(subject.patience), stop: StopFlag()) == 1, "not sent")
                try sender.flush(until: .after(subject.patience), stop: StopFlag())
                batch.removeAll()
                let outcome = try receiver.receive(
                    into: &batch, limit: 2, byteLimit: 1 << 16, until: .after(subject.patience), stop: StopFlag())
                try require(outcome == .received && batch.bodies == [numbered(number)], "\(outcome)")
                try receiver.settle(0..<1, as: .acknowledge)
            }
        },
        ConformanceCheck("the descriptor is complete") { subject in
            let descriptor = subject.descriptor
            try require(descriptor.schemes.contains { Address.scheme(of: "\($0):x") == $0 }, "no usable scheme")
            try require(!descriptor.summary.isEmpty && !descriptor.forms.isEmpty, "no summary or no forms")
            try require(!descriptor.examples.isEmpty, "no examples")
            for option in descriptor.options { try require(!option.help.isEmpty, "option \(option.key) has no help") }
            try require(Set(descriptor.options.map(\.key)).count == descriptor.options.count, "an option is described twice")
            for (example, _) in descriptor.examples {
                let address = try Address(parsing: example, syntax: descriptor.targetSyntax)
                _ = try OptionValues(address.options, for: descriptor)
            }
        },
    ]

    private static func deleteSoon(_ link: Link) -> Background<Void> {
        let (transport, patience) = (link.queue.receiving, link.subject.patience)
        return Background {
            usleep(30_000)
            try transport.openAdmin(opening(patience)).delete()
        }
    }
}

extension ConformanceSubject {
    /// Any transport value of the subject, for its type.
    fileprivate func makeQueueBriefly() throws -> any Transport {
        let queue = try makeQueue()
        queue.cleanUp()
        return queue.receiving
    }
}
