import sys, time, zmq, flatbuffers
from busbar.wire import Body, Decimal, Environment, Header, Message, NewOrder, OrderType, Side

make = lambda table, **fields: (table.__dict__.update(fields), table)[1]
order = make(NewOrder.NewOrderT(), clientOrderId="hello-1", account="main", symbol="BTC/USDT", side=Side.Side.Buy,
             orderType=OrderType.OrderType.Market, orderQty=make(Decimal.DecimalT(), mantissa=1, exponent=-3))  # 0.001
header = make(Header.HeaderT(), environment=Environment.Environment.Paper, sender="alpha", sendTimeNs=time.time_ns())
builder = flatbuffers.Builder(512)
builder.Finish(make(Message.MessageT(), header=header, bodyType=Body.Body.NewOrder, body=order).Pack(builder), b"BBUS")
socket = zmq.Context().socket(zmq.REQ)
socket.connect(sys.argv[1])  # bus.orders of the configuration
socket.send(builder.Output())
report = Message.MessageT.InitFromObj(Message.Message.GetRootAs(socket.recv(), 0)).body
print("order", report.orderId, "status", report.orderStatus, (report.text or b"").decode())
