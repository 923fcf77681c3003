package dtc.console;

import io.smallrye.common.annotation.Blocking;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.Locale;

/** The overview. */
@Path("/")
@Produces(MediaType.TEXT_HTML)
@Blocking
public class HomeResource {

    private final Pages pages;
    private final Overview overview;

    HomeResource(Pages pages, Overview overview) {
        this.pages = pages;
        this.overview = overview;
    }

    @GET
    public Response overview(@Context HttpHeaders headers, @Context UriInfo uri, @Context RoutingContext caller) {
        Pages.Request request = new Pages.Request(headers, uri, caller);
        return pages.live(request, () -> {
            Overview.Model model = overview.model();
            int count = model.actionsRequired();
            return Pages.Page.of(Pages.Templates.overview(
                    pages.frame(
                            request,
                            count == 0 ? "Overview" : String.format(Locale.ROOT, "(%d) Overview", count),
                            "overview"),
                    model));
        });
    }
}
