"""The words of the synthetic district: names of schools, people, streets and languages, all made up."""

from __future__ import annotations

from typing import Final


def _words(text: str, separator: str | None = None) -> tuple[str, ...]:
    return tuple(text.split(separator))


LEVELS: Final = ("Elementary", "Middle", "High", "Academy")
"""The kinds of school, in the order of their numbers; an academy has every grade."""

FIRST_SCHOOLS: Final = ("Arthur Elementary", "Lincoln Middle", "Roosevelt High", "Fillmore Academy")
"""The schools that every demo has; jobs and documents name them."""

# So many prefixes and names have no common divisor: counting round both gives no pair twice.
SCHOOL_PREFIXES: Final = _words(
    "|North |South |East |West |Upper |Lower |Old |New |Little |Great |Saint |Mount |Fort |Port |Lake |Fox",
    separator="|",
)
SCHOOL_NAMES: Final = _words(
    "Alder Ashby Barlow Bellamy Birchwood Bramble Brightwater Calloway Cedar Clearbrook Copper Crescent Dunmore"
    " Eastbrook Elmhurst Fairmount Fernley Foxglove Garnet Glenwood Granite Greenfield Hartwell Hawthorn Hazel"
    " Heron Highland Hollybrook Ironwood Juniper Kestrel Kingsley Larkspur Laurel Linden Longview Maplewood"
    " Meadow Millbrook Monarch Oakdale Orchard Pinecrest Prairie Quarry Redwood Ridge Riverbend Rosewood Sage"
    " Silver Stonebridge Summit Sycamore Thornton Timber Valley Walnut Willow Windham",
)
FEMALE_NAMES: Final = _words(
    "Abigail Aisha Alma Amina Ana Anh Ava Beatriz Bella Camila Carmen Chloé Clara Daniela Elena Ella Emma Eva"
    " Fadumo Gloria Grace Hana Hannah Hodan Isabel Ivy Jade Josefina Julia Kim Laura Leila Lily Linh Lucía Mai"
    " Maria Maya Mia Naomi Nora Olivia Paula Rosa Ruth Sahra Sara Sofia Thu Valeria Yasmin Zoe",
)
MALE_NAMES: Final = _words(
    "Aaron Abdi Adam Alex Andrés Anton Ben Bilal Carlos Caleb Daniel David Diego Duc Eli Emil Ethan Felipe Finn"
    " Gabriel Hassan Henry Hugo Hung Ian Isaac Ivan Jack James Javier Jonah José Karl Khalid Leo Liam Long Lucas"
    " Luis Marco Mateo Max Minh Mohamed Nathan Noah Omar Oscar Pablo René Samuel Tomás Victor Yusuf",
)
LAST_NAMES: Final = _words(
    "Abbott Abdullahi Adams Aguilar Ahmed Ali Anderson Bailey Baker Barnes Becker Bell Bennett Bui Carlson Carter"
    " Castillo Chavez Clark Cole Collins Cook Cruz Dang Davis Delgado Diaz Do Dubois Duong Edwards Ellis Erickson"
    " Evans Farah Fischer Flores Foster Fuentes García Gibson Gomez Gray Green Guerrero Hall Hansen Harris Hassan"
    " Hernandez Hill Ho Hoang Holm Hughes Hussein Ibrahim Jackson Jensen Johnson Kelly King Klein Lambert Larson"
    " Le Lee Lewis Lopez Lund Martin Martinez Mendez Miller Mohamud Moore Morales Moreau Murphy Muñoz Nelson Ngo"
    " Nguyen Novak O'Brien Olson Ortiz Osman Park Perez Peters Petit Pham Phan Price Ramirez Reyes Rivera Roberts"
    " Rojas Romero Ruiz Salazar Sanchez Schmidt Silva Smith Stone Tang Taylor Thompson Torres Tran Turner Vargas"
    " Vega Vu Walker Ward Warsame White Wilson Wood Young Yusuf Zimmerman",
)
STREETS: Final = _words(
    "Alder Birch Canal Cedar Cherry Clover Creek Elm Fern Forest Garden Grove Hill Lake Linden Maple Meadow Mill"
    " Oak Orchard Park Pine Pond Prairie River Spring Spruce Station Valley Willow",
)
# Repeated by how often they occur: one of twenty; the twentieth is missing, and so is that person's language.
LANGUAGES: Final = ("English",) * 11 + ("Spanish",) * 4 + ("Vietnamese", "Vietnamese", "Somali", "Français")
LANGUAGE_SIDES: Final = 20

OTHER_RELATIONS: Final = ("Aunt", "Uncle", "Neighbor", "Family Friend", "Case Worker", "Foster Parent")
# The last of these is missing too: one assignment in ten has no title.
TITLES: Final = ("Teacher",) * 4 + ("Principal", "Nurse", "Counselor", "Bus Driver", "Attendance Clerk")
TITLE_SIDES: Final = 10
