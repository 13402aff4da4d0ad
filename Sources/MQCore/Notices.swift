/// Where notices go. Callable from any thread.
public struct Notices: Sendable {
    private let handler: @Sendable (Notice) -> Void
    public init(_ handler: @escaping @Sendable (Notice) -> Void) { self.handler = handler }
    /// Nobody listens.
    public static let none = Notices { _ in }

    public func callAsFunction(_ notice: Notice) { handler(notice) }
    public func warn(_ text: String) { handler(.warning(text)) }
    public func detail(_ text: String) { handler(.detail(text)) }
}
