/// Where notices go. Callable from any thread.
public struct Notices: Sendable {
    private let handler: @Sendable (Notice) -> Void
    /// - Parameter handler: called on the thread that has something to say.
    public init(_ handler: @escaping @Sendable (Notice) -> Void) { self.handler = handler }
    /// Nobody listens.
    public static let none = Notices { _ in }

    /// Says it.
    public func callAsFunction(_ notice: Notice) { handler(notice) }
    /// Says what is always shown unless `--quiet` is given.
    public func warn(_ text: String) { handler(.warning(text)) }
    /// Says what only `--verbose` shows.
    public func detail(_ text: String) { handler(.detail(text)) }
}
