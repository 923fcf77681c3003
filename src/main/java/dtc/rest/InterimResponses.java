package dtc.rest;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.util.ReferenceCountUtil;

/**
 * Discards interim responses (1xx), which may precede the final response (RFC 9110, section 15.2). The HTTP client
 * takes those that it does not know, such as 102, for the final response. 101 is final: the protocol would change.
 */
final class InterimResponses extends ChannelInboundHandlerAdapter {

    private static final int SWITCHING_PROTOCOLS = 101;

    private boolean discards;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpResponse head) {
            discards = isInterim(head);
        }
        if (discards) {
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
