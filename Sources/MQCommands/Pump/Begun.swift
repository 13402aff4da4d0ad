import MQCore

/// How many messages a work has begun with, from the front of what it was given; a verdict of each follows.
struct Begun {
    var messages: Int
    /// Why not with all of them, when that ends the work. Without an error the rest goes back, and the work goes on.
    var error: TransportError?
}
