internal import MQCore

/// A topic with its channels, in the order of their names.
struct AdminTopic: Sendable, Equatable {
    var name: String
    var counts = AdminCounts()
    var channels: [(name: String, counts: AdminCounts)] = []

    static func == (left: AdminTopic, right: AdminTopic) -> Bool {
        left.name == right.name && left.counts == right.counts && left.channels.elementsEqual(right.channels) { $0 == $1 }
    }

    func channel(_ name: String) -> AdminCounts? { channels.first { $0.name == name }?.counts }

    mutating func add(_ other: AdminTopic) {
        counts += other.counts
        for channel in other.channels {
            if let index = channels.firstIndex(where: { $0.name == channel.name }) {
                channels[index].counts += channel.counts
            } else {
                channels.append(channel)
            }
        }
        channels.sort { $0.name < $1.name }
    }
}
