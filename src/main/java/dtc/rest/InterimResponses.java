package dtc.rest;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.net.impl.ConnectionBase;

/**
 * Discards interim responses (1xx), which may precede the final response (RFC 9110, section 15.2). The HTTP client
 * treats unknown ones, such as 102, as the final response. 101 (Switching Protocols) is not discarded.
 */
final class InterimResponses extends ChannelInboundHandlerAdapter {

    private static final int SWITCHING_PROTOCOLS = 101;

    private static final String NAME = "interim-responses";

    private boolean discarding;

    private InterimResponses() {}

    /** Discards interim responses on a connection of the HTTP client. Repeated calls have no effect. */
    static void discard(HttpConnection connection) {
        ChannelPipeline pipeline = ((ConnectionBase) connection).channel().pipeline();
        if (pipeline.get(NAME) == null) {
            pipeline.addBefore("handler", NAME, new InterimResponses());
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpResponse head) {
            discarding = isInterim(head);
        }
        if (discarding) {
            ReferenceCountUtil.release(message);
        } else {
            context.fireChannelRead(message);
        }
    }

    private static boolean isInterim(HttpResponse head) {
        int status = head.status().code();
        return head.decoderResult().isSuccess() && status >= 100 && status < 200 && status != SWITCHING_PROTOCOLS;
    }
}
