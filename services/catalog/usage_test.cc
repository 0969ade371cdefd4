#include "services/catalog/catalog_fixture.h"
