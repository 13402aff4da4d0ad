import MQCore

/// Puts messages back into a queue whose receiver cannot: sends them there again, with the priority or the type that they had.
final class PutBack {
    private let address: ResolvedAddress
    private let transport: any Transport
    private let console: Console
    private var delivery: Delivery?
    private var isHopeless: Bool
    private(set) var count = 0

    init(_ address: ResolvedAddress, _ transport: any Transport, console: Console) {
        (self.address, self.transport, self.console) = (address, transport, console)
        // Nobody would keep what is sent through a socket.
        isHopeless = !address.descriptor.capabilities.isSuperset(of: [.send, .kernel])
    }

    /// - Returns: how many are back, from the front of `range`: a queue may be full, or gone.
    func take(_ batch: borrowing Batch, _ range: Range<Int>) -> Int {
        guard !isHopeless else { return 0 }
        do throws(TransportError) {
            let delivery = try opened()
            let before = delivery.acknowledged
            defer { count += delivery.acknowledged - before }
            do throws(TransportError) {
                return try delivery.hand(batch, range, stop: StopFlag())
            } catch {
                console.warn("\(error.message): what was taken cannot go back")
                isHopeless = true
                return delivery.acknowledged - before
            }
        } catch {
            console.warn("\(error.message): what was taken cannot go back")
            isHopeless = true
            return 0
        }
    }

    private func opened() throws(TransportError) -> Delivery {
        if let delivery { return delivery }
        var opening = Opening(stop: StopFlag())
        opening.notices = Endpoints.notices(console: console)
        opening.deadline = .after(.seconds(1))
        var limits = Delivery.Limits()
        limits.timeout = .zero
        let made = Delivery(try transport.openSender(opening), of: address.descriptor, limits, notices: opening.notices)
        delivery = made
        return made
    }
}
