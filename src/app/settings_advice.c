/* Advice about settings: which catalogues they name, and what these have to say. */
#include <hookstream/advice.h>
#include <hookstream/app.h>

void hs_settings_advise(struct hs_config *config, const struct hs_settings *settings, bool lenient)
{
    if (hs_config_findings(config)->errors > 0)
        return; /* nothing was compiled that could be looked at */
    struct hs_catalogues *catalogues = hs_catalogues_load(config, &settings->sources);
    struct hs_router *router = hs_router_compile(config, settings->routes, settings->fallback,
                                                 &settings->sinks, &settings->sources);
    struct hs_advice_input input = {router, &settings->sources, catalogues, lenient};
    hs_advice_give(config, &input);
    hs_router_free(router);
    hs_catalogues_free(catalogues);
}
