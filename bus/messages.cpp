#include "bus/messages.hpp"

namespace busbar {

Body::Body() : AnyBody(std::in_place_type<NewOrder>, Fresh<NewOrder>{}) {}
Body::Body(const Body& other) = default;
Body::Body(Body&& other) noexcept = default;
Body& Body::operator=(const Body& other) = default;
Body& Body::operator=(Body&& other) noexcept = default;
Body::~Body() = default;

template <class T>
void Body::set(T&& value) {
  emplace<T>(std::move(value));
}

template void Body::set(NewOrder&&);
template void Body::set(CancelOrder&&);
template void Body::set(ReplaceOrder&&);
template void Body::set(ExecutionReport&&);
template void Body::set(Reject&&);
template void Body::set(Hello&&);
template void Body::set(Welcome&&);
template void Body::set(Heartbeat&&);
template void Body::set(ResendRequest&&);
template void Body::set(Logout&&);
template void Body::set(SessionState&&);
template void Body::set(GatewayHello&&);
template void Body::set(GatewayWelcome&&);
template void Body::set(PlaceCommand&&);
template void Body::set(CancelCommand&&);
template void Body::set(ReplaceCommand&&);
template void Body::set(AskCommand&&);
template void Body::set(VenueReport&&);
template void Body::set(ReportAck&&);
template void Body::set(Reconciled&&);
template void Body::set(RateUsage&&);
template void Body::set(Subscribe&&);
template void Body::set(Unsubscribe&&);
template void Body::set(SubscribeAck&&);
template void Body::set(SnapshotRequest&&);
template void Body::set(Quote&&);
template void Body::set(Trade&&);
template void Body::set(Instruments&&);
template void Body::set(Query&&);
template void Body::set(Answer&&);
template void Body::set(Configuration&&);
template void Body::set(CoreStart&&);
template void Body::set(Tick&&);
template void Body::set(Connected&&);
template void Body::set(Disconnected&&);
template void Body::set(SendFailed&&);
template void Body::set(Output&&);
template void Body::set(AuditState&&);
template void Body::set(AuditAppend&&);
template void Body::set(AuditQuery&&);
template void Body::set(Tape&&);
template void Body::set(CancelAll&&);
template void Body::set(NewOrderList&&);
template void Body::set(CancelOrderList&&);
template void Body::set(PlaceListCommand&&);
template void Body::set(Bar&&);
template void Body::set(Book&&);
template void Body::set(Ticker&&);

}  // namespace busbar
