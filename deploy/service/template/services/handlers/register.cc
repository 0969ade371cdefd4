#include "libs/rpc/methods.h"
#include "services/@name@/handlers/@noun@_handlers.h"

namespace finalmile::@name@::handlers {

std::unique_ptr<rpc::Service> New@Name@Service(Dependencies dependencies) {
  using rpc::Unary;
  auto service = std::make_unique<rpc::Service>(
      v1::Get@Noun@Request::descriptor()->file()->FindServiceByName("@Name@Service"));
  auto handlers = std::make_shared<@Noun@Handlers>(dependencies);
  Unary(*service, "Create@Noun@", handlers, &@Noun@Handlers::Create@Noun@);
  Unary(*service, "Get@Noun@", handlers, &@Noun@Handlers::Get@Noun@);
  Unary(*service, "List@Nouns@", handlers, &@Noun@Handlers::List@Nouns@);
  Unary(*service, "Update@Noun@", handlers, &@Noun@Handlers::Update@Noun@);
  Unary(*service, "Delete@Noun@", handlers, &@Noun@Handlers::Delete@Noun@);
  return service;
}

}  // namespace finalmile::@name@::handlers
